import { layoutsOf, type WeightNames } from './weight-names.ts';

/** Names as the language model has them alone, and as the whole model has them, under `model.language_model`. */
export function inLanguageModel(names: WeightNames): WeightNames {
  return Object.fromEntries(
    Object.entries(names).map(([parameter, places]) => {
      const own = layoutsOf(places);
      const within = own.map((place) => ({
        ...place,
        tensor: place.tensor.replace(/^model\./, 'model.language_model.'),
      }));
      return [parameter, [...own, ...within]];
    }),
  );
}
