import { type RopeScaling, type RopeSpec, SpecError } from '@tttv2/spec';
import { z } from 'zod';
import { notOneOf, oneOf, positive, positiveInt } from './config-values.ts';
import type { GgufTensors } from './define-gguf-model.ts';

/** Keys of a GGUF file about rotary positions, with llama.cpp's defaults (`llama-model.cpp`, `llama-context.cpp`). */
export const ggufRopeKeys = {
  context_length: positiveInt,
  'rope.dimension_count': positiveInt.optional(),
  'rope.freq_base': positive.default(10000),
  'rope.scaling.type': oneOf({ none: 'none', linear: 'linear', yarn: 'yarn' } as const).default('linear'),
  'rope.scaling.factor': positive.optional(),
  /** What `rope.scaling.factor` was called once. */
  'rope.scale_linear': positive.optional(),
  'rope.scaling.original_context_length': positiveInt.optional(),
  'rope.scaling.attn_factor': positive.default(1),
  'rope.scaling.yarn_attn_factor': positive.optional(),
  'rope.scaling.yarn_log_multiplier': z.number().default(0),
  'rope.scaling.yarn_ext_factor': z.number().default(1).superRefine(refuseOtherRamps),
  'rope.scaling.yarn_beta_fast': positive.default(32),
  'rope.scaling.yarn_beta_slow': positive.default(1),
};

const ropeKeysSchema = z.object(ggufRopeKeys);
type RopeKeys = z.infer<typeof ropeKeysSchema>;

/** The rotary table of a file; `layout` is how its converter left the rows of q and k. */
export async function ggufRopeOf(
  metadata: RopeKeys,
  headDim: number,
  layout: RopeSpec['layout'],
  tensors: GgufTensors,
): Promise<RopeSpec> {
  const rotaryDim = metadata['rope.dimension_count'] ?? headDim;
  return {
    theta: metadata['rope.freq_base'],
    rotaryDim,
    layout,
    scaling: await scalingOf(metadata, rotaryDim, tensors),
  };
}

async function scalingOf(metadata: RopeKeys, rotaryDim: number, tensors: GgufTensors): Promise<RopeScaling> {
  const type = metadata['rope.scaling.type'];
  const factor = type === 'none' ? 1 : factorOf(metadata);
  if (tensors.has('rope_freqs.weight')) return divisors(factor, rotaryDim, tensors);
  if (type === 'yarn') return yarn(metadata);
  return factor === 1 ? { kind: 'default' } : { kind: 'linear', factor };
}

function factorOf(metadata: RopeKeys): number {
  return metadata['rope.scaling.factor'] ?? metadata['rope.scale_linear'] ?? 1;
}

/** Llama 3's scaling: the converter computed a divisor for each frequency. */
async function divisors(factor: number, rotaryDim: number, tensors: GgufTensors): Promise<RopeScaling> {
  const { architecture } = tensors;
  if (factor !== 1) {
    const message = `is ${factor}, but tensor rope_freqs.weight scales already: only one of them can be`;
    throw new SpecError({ path: `${architecture}.rope.scaling.factor`, message });
  }
  const shape = tensors.shape('rope_freqs.weight');
  if (shape.length !== 1 || shape[0] !== rotaryDim / 2) {
    const message = `${rotaryDim} dimensions are ${rotaryDim / 2} pairs, but tensor rope_freqs.weight is [${shape.join(', ')}]`;
    throw new SpecError({ path: `${architecture}.rope.dimension_count`, message });
  }
  return { kind: 'factors', factors: await tensors.numbers('rope_freqs.weight'), attentionFactor: 1 };
}

function yarn(metadata: RopeKeys): RopeScaling {
  return {
    kind: 'yarn',
    factor: factorOf(metadata),
    originalMaxSeqLen: metadata['rope.scaling.original_context_length'] ?? metadata.context_length,
    betaFast: metadata['rope.scaling.yarn_beta_fast'],
    betaSlow: metadata['rope.scaling.yarn_beta_slow'],
    truncate: true,
    attentionFactor: metadata['rope.scaling.yarn_attn_factor'] ?? yarnAttentionFactor(metadata),
  };
}

/**
 * Source: `llama_context` and ggml's `rope_yarn`, whose factors cancel but for these. llama.cpp never gets to see
 * `yarn_attn_factor`, which its converter writes: that is the factor of the original's configuration, and holds here.
 */
function yarnAttentionFactor(metadata: RopeKeys): number {
  const term = (scale: number) => 1 + 0.1 * scale * Math.log(Math.max(1, factorOf(metadata)));
  const byLength = term(1) / term(metadata['rope.scaling.yarn_log_multiplier']);
  return metadata['rope.scaling.attn_factor'] * byLength;
}

/** llama.cpp takes a negative number for "not set", which is 1 for YaRN. */
function refuseOtherRamps(factor: number, context: z.RefinementCtx<number>): void {
  if (factor >= 0 && factor !== 1) context.addIssue(notOneOf(factor, ['1']));
}
