import type { WeightNames } from '@tttv2/hf';
import {
  attentionSpec,
  ffnSpec,
  layerSpec,
  type ModelSpec,
  modelSpec,
  type NormSpec,
  uniformModelSpec,
} from '@tttv2/spec';

/** A model that no family converts: its specification, and where its parameters lie. */
export interface HandWrittenModel {
  spec: ModelSpec;
  weights: WeightNames;
}

const inLayer = 'model.layers.{i}';
const names: WeightNames = {
  embedding: 'model.embed_tokens',
  'layers.{i}.mixer.q': `${inLayer}.self_attn.q_proj`,
  'layers.{i}.mixer.k': `${inLayer}.self_attn.k_proj`,
  'layers.{i}.mixer.v': `${inLayer}.self_attn.v_proj`,
  lmHead: 'lm_head',
};

const bitnetNorm: NormSpec = { normType: 'rms_norm', normEps: 1e-5, useBias: false, weight: 'plain' };

/** Names that most families share. */
const usualNames: WeightNames = {
  ...names,
  'layers.{i}.preMixerNorm': `${inLayer}.input_layernorm`,
  'layers.{i}.mixer.o': `${inLayer}.self_attn.o_proj`,
  'layers.{i}.preFfnNorm': `${inLayer}.post_attention_layernorm`,
  'layers.{i}.ffn.gate': `${inLayer}.mlp.gate_proj`,
  'layers.{i}.ffn.up': `${inLayer}.mlp.up_proj`,
  'layers.{i}.ffn.down': `${inLayer}.mlp.down_proj`,
  finalNorm: 'model.norm',
};

const small = { hiddenDim: 64, intermediateDim: 48 };
const heads = { hiddenDim: 64, numHeads: 4, numKvHeads: 2, useBiasQ: false, useBiasKv: false };
/** The first of two layers sees the tokens in a window, the second all. */
const windows = [8, null];

export const handWrittenModels: Readonly<Record<string, HandWrittenModel>> = {
  /** Sinks; embeddings, sublayers and logits are scaled. */
  granite_swa: {
    spec: modelSpec({
      ...{ vocabSize: 256, hiddenDim: 64, embeddingScale: 3, logitScale: 0.5, tieEmbeddings: true },
      layers: windows.map((slidingWindowSize) =>
        layerSpec({
          attention: attentionSpec({ ...heads, slidingWindowSize, scale: 0.5, useSinks: true }),
          ffn: ffnSpec(small),
          normEps: 1e-5,
          residualScale: 0.5,
        }),
      ),
    }),
    weights: { ...usualNames, 'layers.{i}.mixer.sinks': { tensor: `${inLayer}.self_attn.sinks` } },
  },
  /** One more norm before each sublayer's last projection. */
  bitnet: {
    spec: uniformModelSpec({
      ...{ ...heads, ...small, vocabSize: 256, numLayers: 2, normEps: 1e-5, rotaryBase: 500_000 },
      activation: 'relu2',
      outputNorm: bitnetNorm,
      innerNorm: bitnetNorm,
    }),
    weights: {
      ...usualNames,
      'layers.{i}.mixer.outputNorm': `${inLayer}.self_attn.attn_sub_norm`,
      'layers.{i}.ffn.innerNorm': `${inLayer}.mlp.ffn_sub_norm`,
    },
  },
};
