import { layoutsOf, type WeightNames } from './weight-names.ts';

/** Names as the language model has them alone, and as the whole model has them, usually under `model.language_model`. */
export function inLanguageModel(names: WeightNames, inWhole = usualName): WeightNames {
  return Object.fromEntries(
    Object.entries(names).map(([parameter, places]) => {
      const own = layoutsOf(places);
      return [parameter, [...own, ...own.map((place) => ({ ...place, tensor: inWhole(place.tensor) }))]];
    }),
  );
}

function usualName(name: string): string {
  return name.replace(/^model\./, 'model.language_model.');
}
