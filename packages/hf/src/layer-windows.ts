import { z } from 'zod';
import { notOneOf, oneOf, only, positiveInt } from './config-values.ts';

const layerTypes = { full_attention: 'full', sliding_attention: 'sliding' } as const;

/** Keys that say which layers see a window alone; `layer_types` is what transformers 5 writes. */
export const windowKeys = {
  sliding_window: positiveInt.nullish(),
  layer_types: z.array(oneOf(layerTypes)).nullish(),
};

/** Those keys in families without windows: the cache of transformers obeys them, though no layer does. */
export const noWindowKeys = {
  sliding_window: only(null),
  attention_chunk_size: only(null),
  layer_types: z.array(oneOf({ full_attention: 'full' })).nullish(),
};

export interface WindowConfig {
  num_hidden_layers: number;
  sliding_window?: number | null | undefined;
  layer_types?: readonly ('full' | 'sliding')[] | null | undefined;
}

/** The window of each layer, null for all tokens. `isSliding` is the family's rule where the config has no list. */
export function layerWindows(config: WindowConfig, isSliding: (layer: number) => boolean): (number | null)[] {
  const { num_hidden_layers, sliding_window, layer_types } = config;
  const slides = (layer: number) => (layer_types ? layer_types[layer] === 'sliding' : isSliding(layer));
  return Array.from({ length: num_hidden_layers }, (_, layer) => (slides(layer) ? (sliding_window ?? null) : null));
}

/** For a schema's `superRefine`: a list names every layer, and sliding ones need a window. */
export function checkWindows<T extends WindowConfig>(config: T, context: z.RefinementCtx<T>): void {
  const { num_hidden_layers: layers, layer_types: types, sliding_window: window } = config;
  const fail = (key: keyof WindowConfig, message: string) => context.addIssue({ code: 'custom', path: [key], message });
  if (!types) return;
  if (types.length !== layers) fail('layer_types', `has ${types.length} entries, but num_hidden_layers is ${layers}`);
  if (types.includes('sliding') && !window)
    fail('sliding_window', 'there is none, but layer_types has sliding_attention');
}

/** As `checkWindows`, where all layers have the window or none has: they are not told apart by a list. */
export function checkOneWindow<T extends WindowConfig>(config: T, context: z.RefinementCtx<T>): void {
  checkWindows(config, context);
  const [first, ...rest] = config.layer_types ?? [];
  if (rest.some((type) => type !== first))
    context.addIssue({ ...notOneOf('a mixture', ['full_attention', 'sliding_attention']), path: ['layer_types'] });
}
