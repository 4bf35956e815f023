import type { ModelSpec } from '@tttv2/spec';
import { z } from 'zod';
import { commonConfig, commonKeys } from './common-keys.ts';
import type { HiddenStates } from './hidden-states.ts';
import { byOwnNames, type OtherNames } from './other-names.ts';
import { type FoundConfig, readConfig } from './read-config.ts';
import { type ConversionReport, reportOn } from './report.ts';
import type { WeightNames } from './weight-names.ts';

/** All there is to say of a model family: one file in `models/`. */
export interface ModelDefinition<Config extends object> {
  /** The string in `config.json`; the file is named after it. */
  modelType: string;
  /** The keys that matter, with the family's defaults; all others it leaves out. */
  config: z.ZodType<Config>;
  /** Names that keys may have besides, and those in the schema: the class's `attribute_map`. */
  otherNames?: OtherNames;
  /** What `config.json` says of the language model alone, where the family is one of several modalities. */
  textModelType?: string;
  /**
   * The keys may stand under `text_config`, as transformers 5 writes those of a multimodal model. It is tied as the whole
   * says, or when either of both does.
   */
  nestsText?: 'tied_as_whole' | 'tied_as_either';
  /** The schema reads `per_layer_config`, which is refused otherwise. */
  readsLayerConfig?: true;
  toSpec(config: Config): ModelSpec;
  /** Keys that change nothing here, and why; those of every family stand in `common-keys.ts`. */
  ignoredKeys: Readonly<Record<string, string>>;
  weights: WeightNames;
  /**
   * Tensors that checkpoints hold and no parameter needs, and why; `{i}` is the number of a layer, `{next}` one after those of
   * the model, `*` at the end any rest.
   */
  ignoredTensors: Readonly<Record<string, string>>;
  /** Default `inputs`, as nearly all. */
  hiddenStates?: HiddenStates;
}

/** A family, whatever the type of its configuration. */
export interface ModelFamily {
  readonly modelType: string;
  readonly textModelType: string | null;
  readonly weights: WeightNames;
  readonly ignoredTensors: Readonly<Record<string, string>>;
  readonly hiddenStates: HiddenStates;
  /** @throws SpecError that names the key. @throws UnsupportedModelError when a key asks for what no field can say. */
  convert(found: FoundConfig): { spec: ModelSpec; report: ConversionReport };
}

export function defineModel<Config extends object>(definition: ModelDefinition<Config>): ModelFamily {
  const { modelType, textModelType = null, weights, ignoredTensors } = definition;
  const { otherNames = {}, hiddenStates = 'inputs' } = definition;
  return {
    modelType,
    textModelType,
    weights,
    ignoredTensors,
    hiddenStates,
    convert(written) {
      const found = definition.nestsText === undefined ? written : withText(written, definition.nestsText);
      const named = byOwnNames(found, otherNames);
      const common = readConfig(
        definition.readsLayerConfig ? commonConfig.omit({ per_layer_config: true }) : commonConfig,
        named,
      );
      const config = readConfig(definition.config, named);
      const ignored = new Map(Object.entries({ ...commonKeys, ...definition.ignoredKeys }));
      const report = reportOn(found, { ...common, ...config }, (key) => ignored.get(key), otherNames);
      return { spec: definition.toSpec(config), report };
    },
  };
}

const textSchema = z.looseObject({
  text_config: z.record(z.string(), z.unknown()),
  tie_word_embeddings: z.boolean().optional(),
});

/** The keys of the language model beside those of the whole. */
function withText(found: FoundConfig, ties: 'tied_as_whole' | 'tied_as_either'): FoundConfig {
  const parsed = textSchema.safeParse(found.values);
  if (!parsed.success) return found;
  const { text_config: text, tie_word_embeddings: isWholeTied, ...whole } = parsed.data;
  const { model_type: _, tie_word_embeddings: isTextTied, ...keys } = text;
  const isTied = ties === 'tied_as_either' && isTextTied === true ? true : isWholeTied;
  return {
    ...found,
    values: { ...whole, ...keys, ...(isTied === undefined ? {} : { tie_word_embeddings: isTied }) },
  };
}
