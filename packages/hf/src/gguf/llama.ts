import { type RopeScaling, type RopeSpec, SpecError, uniformModelSpec } from '@tttv2/spec';
import { z } from 'zod';
import { layerCount, notOneOf, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineGgufModel, type GgufTensors } from '../define-gguf-model.ts';

/** Keys and defaults: llama.cpp's `llama-arch.cpp` and `llama-model.cpp`. */
const metadataSchema = z.object({
  'llama.block_count': layerCount,
  'llama.context_length': positiveInt,
  'llama.embedding_length': positiveInt,
  'llama.feed_forward_length': positiveInt,
  'llama.attention.head_count': positiveInt,
  'llama.attention.head_count_kv': positiveInt.optional(),
  'llama.attention.key_length': positiveInt.optional(),
  'llama.attention.value_length': positiveInt.optional(),
  'llama.attention.layer_norm_rms_epsilon': positive,
  'llama.rope.dimension_count': positiveInt.optional(),
  'llama.rope.freq_base': positive.default(10000),
  'llama.rope.scaling.type': oneOf({ none: 'none', linear: 'linear', yarn: 'yarn' } as const).default('linear'),
  'llama.rope.scaling.factor': positive.default(1),
  'llama.rope.scaling.original_context_length': positiveInt.optional(),
  'llama.rope.scaling.attn_factor': positive.default(1),
  'llama.rope.scaling.yarn_beta_fast': positive.default(32),
  'llama.rope.scaling.yarn_beta_slow': positive.default(1),
  // Mixtral is a "llama" with experts.
  'llama.expert_count': z.number().default(0).superRefine(refuseExperts),
});
type Metadata = z.infer<typeof metadataSchema>;

/** Llama 1 to 3 and their like, as llama.cpp stores them. */
export default defineGgufModel({
  architecture: 'llama',
  metadata: metadataSchema,
  async toSpec(metadata, tensors) {
    const [vocabSize = 0] = tensors.shape('token_embd.weight');
    const headDim = headDimOf(metadata);
    const useBias = tensors.has('blk.0.ffn_up.bias');
    return uniformModelSpec({
      vocabSize,
      hiddenDim: metadata['llama.embedding_length'],
      intermediateDim: metadata['llama.feed_forward_length'],
      numLayers: metadata['llama.block_count'],
      numHeads: metadata['llama.attention.head_count'],
      numKvHeads: metadata['llama.attention.head_count_kv'] ?? null,
      headDim,
      useBiasQ: tensors.has('blk.0.attn_q.bias'),
      useBiasKv: tensors.has('blk.0.attn_k.bias'),
      useBiasO: tensors.has('blk.0.attn_output.bias'),
      rope: await ropeOf(metadata, headDim, tensors),
      useBias,
      normEps: metadata['llama.attention.layer_norm_rms_epsilon'],
      maxSeqLen: metadata['llama.context_length'],
      tieEmbeddings: !tensors.has('output.weight'),
    });
  },
  ignoredKeys: {
    'llama.vocab_size': 'the shape of the embedding says it',
    'llama.expert_used_count': 'there are no experts',
    'llama.rope.scaling.finetuned': 'says how the model was trained',
  },
  weights: {
    embedding: 'token_embd',
    'layers.{i}.preMixerNorm': 'blk.{i}.attn_norm',
    'layers.{i}.mixer.q': 'blk.{i}.attn_q',
    'layers.{i}.mixer.k': 'blk.{i}.attn_k',
    'layers.{i}.mixer.v': 'blk.{i}.attn_v',
    'layers.{i}.mixer.o': 'blk.{i}.attn_output',
    'layers.{i}.preFfnNorm': 'blk.{i}.ffn_norm',
    'layers.{i}.ffn.gate': 'blk.{i}.ffn_gate',
    'layers.{i}.ffn.up': 'blk.{i}.ffn_up',
    'layers.{i}.ffn.down': 'blk.{i}.ffn_down',
    finalNorm: 'output_norm',
    lmHead: 'output',
  },
  ignoredTensors: { 'rope_freqs.weight': 'is part of the rotary table' },
});

function refuseExperts(count: number, context: z.RefinementCtx<number>): void {
  if (count > 0) context.addIssue(notOneOf(count, ['0 (a dense feed-forward network)']));
}

function headDimOf(metadata: Metadata): number {
  const heads = metadata['llama.attention.head_count'];
  const hidden = metadata['llama.embedding_length'];
  const key = metadata['llama.attention.key_length'] ?? hidden / heads;
  const value = metadata['llama.attention.value_length'] ?? key;
  if (!Number.isInteger(key)) {
    const message = `${hidden} is not divisible by llama.attention.head_count ${heads}, and there is no key_length`;
    throw new SpecError({ path: 'llama.embedding_length', message });
  }
  if (value !== key) {
    const message = `is ${value}, but llama.attention.key_length is ${key}: they must be equal`;
    throw new SpecError({ path: 'llama.attention.value_length', message });
  }
  return key;
}

/** llama.cpp's converter permutes the rows of q and k so that neighbours make a pair: the layout is `interleaved`. */
async function ropeOf(metadata: Metadata, headDim: number, tensors: GgufTensors): Promise<RopeSpec> {
  const rotaryDim = metadata['llama.rope.dimension_count'] ?? headDim;
  const scaling = await scalingOf(metadata, rotaryDim, tensors);
  return { theta: metadata['llama.rope.freq_base'], rotaryDim, layout: 'interleaved', scaling };
}

async function scalingOf(metadata: Metadata, rotaryDim: number, tensors: GgufTensors): Promise<RopeScaling> {
  const type = metadata['llama.rope.scaling.type'];
  const factor = type === 'none' ? 1 : metadata['llama.rope.scaling.factor'];
  if (tensors.has('rope_freqs.weight')) return divisors(factor, rotaryDim, tensors);
  if (type === 'yarn') return yarn(metadata);
  return factor === 1 ? { kind: 'default' } : { kind: 'linear', factor };
}

/** Llama 3's scaling: the converter computed a divisor for each frequency. */
async function divisors(factor: number, rotaryDim: number, tensors: GgufTensors): Promise<RopeScaling> {
  if (factor !== 1) {
    const message = `is ${factor}, but tensor rope_freqs.weight scales already: only one of them can be`;
    throw new SpecError({ path: 'llama.rope.scaling.factor', message });
  }
  const shape = tensors.shape('rope_freqs.weight');
  if (shape.length !== 1 || shape[0] !== rotaryDim / 2) {
    const message = `${rotaryDim} dimensions are ${rotaryDim / 2} pairs, but tensor rope_freqs.weight is [${shape.join(', ')}]`;
    throw new SpecError({ path: 'llama.rope.dimension_count', message });
  }
  return { kind: 'factors', factors: await tensors.numbers('rope_freqs.weight'), attentionFactor: 1 };
}

/** Source: `rope_yarn` in ggml, which multiplies cosine and sine by `attn_factor (1 + 0.1 ln factor)`. */
function yarn(metadata: Metadata): RopeScaling {
  const factor = metadata['llama.rope.scaling.factor'];
  return {
    kind: 'yarn',
    factor,
    originalMaxSeqLen: metadata['llama.rope.scaling.original_context_length'] ?? metadata['llama.context_length'],
    betaFast: metadata['llama.rope.scaling.yarn_beta_fast'],
    betaSlow: metadata['llama.rope.scaling.yarn_beta_slow'],
    truncate: true,
    attentionFactor: metadata['llama.rope.scaling.attn_factor'] * (1 + 0.1 * Math.log(factor)),
  };
}
