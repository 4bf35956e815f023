import type { WeightNames } from '@tttv2/hf';
import { type ModelSpec, uniformModelSpec } from '@tttv2/spec';

/** A model that no family converts: its specification, and where its parameters lie. */
export interface HandWrittenModel {
  spec: ModelSpec;
  weights: WeightNames;
}

const sizes = {
  vocabSize: 256,
  hiddenDim: 64,
  intermediateDim: 96,
  numLayers: 3,
  numHeads: 4,
  numKvHeads: 2,
};

const inLayer = 'model.layers.{i}';
const names: WeightNames = {
  embedding: 'model.embed_tokens',
  'layers.{i}.mixer.q': `${inLayer}.self_attn.q_proj`,
  'layers.{i}.mixer.k': `${inLayer}.self_attn.k_proj`,
  'layers.{i}.mixer.v': `${inLayer}.self_attn.v_proj`,
  lmHead: 'lm_head',
};

const olmo2Norm = { normType: 'rms_norm', normEps: 1e-5, useBias: false, weight: 'plain' } as const;

export const handWrittenModels: Readonly<Record<string, HandWrittenModel>> = {
  /** A norm after each sublayer and none before; one over all heads of q and of k. */
  olmo2: {
    spec: uniformModelSpec({
      ...sizes,
      useBiasQ: false,
      useBiasKv: false,
      qkNorm: { norm: olmo2Norm, scope: 'full_width' },
      norms: { preMixer: null, postMixer: olmo2Norm, preFfn: null, postFfn: olmo2Norm },
      postNormOf: 'sublayer',
    }),
    weights: {
      ...names,
      'layers.{i}.mixer.q.norm': `${inLayer}.self_attn.q_norm`,
      'layers.{i}.mixer.k.norm': `${inLayer}.self_attn.k_norm`,
      'layers.{i}.mixer.o': `${inLayer}.self_attn.o_proj`,
      'layers.{i}.postMixerNorm': `${inLayer}.post_attention_layernorm`,
      'layers.{i}.ffn.gate': `${inLayer}.mlp.gate_proj`,
      'layers.{i}.ffn.up': `${inLayer}.mlp.up_proj`,
      'layers.{i}.ffn.down': `${inLayer}.mlp.down_proj`,
      'layers.{i}.postFfnNorm': `${inLayer}.post_feedforward_layernorm`,
      finalNorm: 'model.norm',
    },
  },
  /** Attention and network beside each other, from one norm; a quarter of each head turned; biases everywhere. */
  phi: {
    spec: uniformModelSpec({
      ...sizes,
      rope: { theta: 10000, rotaryDim: 4, layout: 'half', scaling: { kind: 'default' } },
      useBiasO: true,
      activation: 'gelu_tanh',
      useGate: false,
      useBias: true,
      normType: 'layer_norm',
      normEps: 1e-5,
      residual: 'parallel',
      useBiasHead: true,
    }),
    weights: {
      ...names,
      'layers.{i}.preMixerNorm': `${inLayer}.input_layernorm`,
      'layers.{i}.mixer.o': `${inLayer}.self_attn.dense`,
      'layers.{i}.ffn.up': `${inLayer}.mlp.fc1`,
      'layers.{i}.ffn.down': `${inLayer}.mlp.fc2`,
      finalNorm: 'model.final_layernorm',
    },
  },
};
