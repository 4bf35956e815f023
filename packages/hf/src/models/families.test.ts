import { countParameters, type ModelSpec, UnsupportedModelError } from '@tttv2/spec';
import { describe, expect, test } from 'vitest';
import { convertConfig } from '../convert.ts';
import { expectedParameters } from '../expected-parameters.ts';
import { buildSafetensors } from '../fixtures/build-safetensors.ts';
import { memoryFiles } from '../fixtures/memory-files.ts';
import { bfloat16 } from '../fixtures/tiny-llama.ts';
import { openModel } from '../open-model.ts';
import { parameterName, tensorName } from '../weight-names.ts';
import { models } from './index.ts';

const dims = {
  hidden_size: 64,
  intermediate_size: 96,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 100,
};
const specOf = (config: object) => convertConfig({ ...dims, num_hidden_layers: 4, ...config }).spec;
const attentionsOf = ({ layers }: ModelSpec) =>
  layers.flatMap(({ mixer }) => (mixer?.kind === 'attention' ? [mixer] : []));
const windowsOf = (spec: ModelSpec) => attentionsOf(spec).map(({ slidingWindowSize }) => slidingWindowSize);
const ropesOf = (spec: ModelSpec) => attentionsOf(spec).map(({ rope }) => spec.ropeTables[rope ?? '']?.theta);

/** Keys that files on the hub have and no version of transformers makes anything of. */
test.each([
  [
    'llama',
    { is_llama_config: true, rope_interleaved: false, max_sequence_length: 2048, 'transformers.js_config': {} },
  ],
  ['qwen2', { use_mrope: false }],
  ['gpt2', { n_ctx: 1024, n_special: 0, predict_special_tokens: true, output_past: true, _num_labels: 1 }],
  ['mamba2', { rms_norm: true, norm_before_gate: true, intermediate_size: 8192 }],
  ['mamba2', { time_step_init_scheme: 'random', time_step_scale: 1 }],
])('%s accounts for %o', (model_type, keys) => {
  const { spec, report } = convertConfig({ model_type, ...keys });
  expect(report.unknown).toEqual([]);
  expect(spec).toEqual(convertConfig({ model_type }).spec);
});

test.each(['llama', 'granite', 'gpt2'])('%s refuses windows, which its layers would not see', (model_type) => {
  expect(() => specOf({ model_type, sliding_window: 8 })).toThrow('sliding_window: 8 is not supported');
  expect(() => specOf({ model_type, attention_chunk_size: 8 })).toThrow('attention_chunk_size: 8 is not supported');
  expect(() => specOf({ model_type, layer_types: Array(4).fill('sliding_attention') })).toThrow(
    'layer_types.0: "sliding_attention" is not supported; there are full_attention',
  );
  const none = { sliding_window: null, layer_types: Array(4).fill('full_attention') };
  expect(specOf({ model_type, ...none })).toEqual(specOf({ model_type }));
});

describe.each(['mistral', 'mixtral'])('%s', (model_type) => {
  test('has one window for all layers: a list does not tell them apart', () => {
    const windowed = { model_type, sliding_window: 8 };
    for (const type of ['full_attention', 'sliding_attention'])
      expect(windowsOf(specOf({ ...windowed, layer_types: Array(4).fill(type) }))).toEqual([8, 8, 8, 8]);
    const mixed = ['full_attention', 'sliding_attention', 'full_attention', 'full_attention'];
    expect(() => specOf({ ...windowed, layer_types: mixed })).toThrow('layer_types: "a mixture" is not supported');
  });
});

describe('mistral', () => {
  test('a missing window is the class’s own, null is none', () => {
    expect(windowsOf(specOf({ model_type: 'mistral' }))).toEqual([4096, 4096, 4096, 4096]);
    expect(windowsOf(specOf({ model_type: 'mistral', sliding_window: null }))).toEqual([null, null, null, null]);
  });
});

describe('qwen2', () => {
  test('has biases on q, k and v, which no key says', () => {
    expect(specOf({ model_type: 'qwen2' }).layers[0]?.mixer).toMatchObject({
      useBiasQ: true,
      useBiasKv: true,
      useBiasO: false,
    });
  });

  test('heads may have a size of their own, and all their own keys', () => {
    const { layers } = specOf({ model_type: 'qwen2', head_dim: 24, num_key_value_heads: null });
    expect(layers[0]?.mixer).toMatchObject({ headDim: 24, numHeads: 4, numKvHeads: 4 });
  });

  test.each([
    ['the key alone is no window', { sliding_window: 131072 }, [null, null, null, null]],
    ['nor is it when it is switched off', { sliding_window: 8, use_sliding_window: false }, [null, null, null, null]],
    [
      'from max_window_layers on',
      { sliding_window: 8, use_sliding_window: true, max_window_layers: 2 },
      [null, null, 8, 8],
    ],
    [
      'as layer_types says',
      {
        sliding_window: 8,
        use_sliding_window: true,
        layer_types: ['sliding_attention', 'full_attention', 'full_attention', 'sliding_attention'],
      },
      [8, null, null, 8],
    ],
  ])('%s', (_, keys, windows) => {
    expect(windowsOf(specOf({ model_type: 'qwen2', ...keys }))).toEqual(windows);
  });

  test('a list of the wrong length, or sliding layers without a window, are refused by name', () => {
    const sliding = { model_type: 'qwen2', use_sliding_window: true };
    expect(() => specOf({ ...sliding, sliding_window: 8, layer_types: ['full_attention'] })).toThrow(
      'layer_types: has 1 entries, but num_hidden_layers is 4',
    );
    expect(() => specOf({ ...sliding, layer_types: Array(4).fill('sliding_attention') })).toThrow(
      'sliding_window: there is none, but layer_types has sliding_attention',
    );
    const off = { ...sliding, use_sliding_window: false, sliding_window: 8 };
    expect(() => specOf({ ...off, layer_types: Array(4).fill('sliding_attention') })).toThrow(
      'sliding_window: there is none, but layer_types has sliding_attention',
    );
    expect(() => specOf({ ...sliding, layer_types: Array(4).fill('chunked_attention') })).toThrow(
      '"chunked_attention" is not supported; there are full_attention, sliding_attention',
    );
  });
});

describe('qwen3', () => {
  test('normalises each head of q and k', () => {
    const spec = specOf({ model_type: 'qwen3', head_dim: 32 });
    expect(spec.layers[0]?.mixer).toMatchObject({ headDim: 32, useBiasQ: false, qkNorm: { scope: 'per_head' } });
    expect(expectedParameters(spec).get('layers.0.mixer.q.norm.weight')).toEqual([32]);
  });
});

describe('gemma', () => {
  test('means the approximation where a file says gelu', () => {
    for (const hidden_act of ['gelu', 'gelu_pytorch_tanh'])
      expect(specOf({ model_type: 'gemma', hidden_act }).layers[0]?.ffn).toMatchObject({ activation: 'gelu_tanh' });
  });
});

describe('gemma2', () => {
  const gemma = { model_type: 'gemma2', head_dim: 24 };

  test('sees a window in every second layer, or as layer_types says', () => {
    expect(windowsOf(specOf(gemma))).toEqual([4096, null, 4096, null]);
    const layer_types = ['full_attention', 'full_attention', 'full_attention', 'sliding_attention'];
    expect(windowsOf(specOf({ ...gemma, layer_types }))).toEqual([null, null, null, 4096]);
  });

  test('bounds scores and logits where no key says so, and not where it says null', () => {
    const capsOf = (config: object) => {
      const spec = specOf({ ...gemma, ...config });
      return [attentionsOf(spec)[0]?.softcap, spec.logitSoftcap];
    };
    expect(capsOf({})).toEqual([50, 30]);
    expect(capsOf({ attn_logit_softcapping: null, final_logit_softcapping: null })).toEqual([null, null]);
  });
});

describe('gemma3_text', () => {
  const gemma = { model_type: 'gemma3_text', head_dim: 24 };

  test('every sixth layer sees all, by a table of its own; as hub files say it and as transformers 5 does', () => {
    const hub = specOf({
      ...gemma,
      num_hidden_layers: 7,
      sliding_window: 8,
      rope_theta: 500000,
      rope_local_base_freq: 5000,
      rope_scaling: { rope_type: 'linear', factor: 8 },
    });
    expect(windowsOf(hub)).toEqual([8, 8, 8, 8, 8, null, 8]);
    expect(ropesOf(hub)).toEqual([5000, 5000, 5000, 5000, 5000, 500000, 5000]);
    const types = Array.from({ length: 7 }, (_, i) => (i === 5 ? 'full_attention' : 'sliding_attention'));
    const written = specOf({
      ...gemma,
      num_hidden_layers: 7,
      sliding_window: 8,
      layer_types: types,
      rope_parameters: {
        full_attention: { rope_type: 'linear', factor: 8, rope_theta: 500000 },
        sliding_attention: { rope_type: 'default', rope_theta: 5000 },
      },
    });
    expect(written).toEqual(hub);
    expect(Object.values(hub.ropeTables).map(({ scaling }) => scaling.kind)).toEqual(['default', 'linear']);
  });

  test('scales embeddings and queries, adds one to weights of norms, normalises on both sides', () => {
    const spec = specOf({ ...gemma, query_pre_attn_scalar: 16 });
    expect(spec).toMatchObject({ embeddingScale: 8, tieEmbeddings: true, finalNorm: { weight: 'one_plus' } });
    expect(spec.layers[0]).toMatchObject({
      mixer: { scale: 0.25 },
      ffn: { activation: 'gelu_tanh' },
      norms: { postMixer: { weight: 'one_plus' }, postFfn: { weight: 'one_plus' } },
      postNormOf: 'sublayer',
    });
  });

  test('may bound its logits; what bounds scores is not read', () => {
    expect(specOf({ ...gemma, final_logit_softcapping: 30 })).toMatchObject({ logitSoftcap: 30 });
    const { spec, report } = convertConfig({ ...gemma, attn_logit_softcapping: 50 });
    expect(attentionsOf(spec)[0]).toMatchObject({ softcap: null });
    expect(report.unknown).toEqual([]);
  });

  test('what no field can say is refused by its key', () => {
    expect(() => specOf({ ...gemma, use_bidirectional_attention: true })).toThrow(UnsupportedModelError);
    expect(() => specOf({ ...gemma, use_bidirectional_attention: true })).toThrow('use_bidirectional_attention: true');
    expect(specOf({ ...gemma, use_bidirectional_attention: null })).toEqual(specOf(gemma));
  });
});

describe('mixtral', () => {
  test('counts its experts under either name', () => {
    const { spec, report } = convertConfig({ ...dims, model_type: 'mixtral', num_experts: 4 });
    expect(spec.layers[0]?.ffn).toMatchObject({ numExperts: 4 });
    expect(report.understood).toContain('num_experts');
  });

  test('has experts, and a window only when asked', () => {
    const spec = specOf({ model_type: 'mixtral', num_local_experts: 4 });
    expect(spec.layers[0]?.ffn).toMatchObject({ kind: 'moe', numExperts: 4, topK: 2, intermediateDim: 96 });
    expect(windowsOf(spec)).toEqual([null, null, null, null]);
    expect(() => specOf({ model_type: 'mixtral', num_local_experts: 1 })).toThrow(
      'num_experts_per_tok: is 2, but num_local_experts is 1',
    );
  });
});

describe('qwen3_moe', () => {
  const kindsOf = (config: object) =>
    specOf({ model_type: 'qwen3_moe', head_dim: 16, num_experts: 8, ...config }).layers.map(({ ffn }) => ffn?.kind);

  test('has experts in every layer, in some of them, or not where a list says so', () => {
    expect(kindsOf({})).toEqual(['moe', 'moe', 'moe', 'moe']);
    expect(kindsOf({ decoder_sparse_step: 2 })).toEqual(['dense', 'moe', 'dense', 'moe']);
    expect(kindsOf({ decoder_sparse_step: 2, mlp_only_layers: [0, 3] })).toEqual(['dense', 'moe', 'dense', 'dense']);
  });

  test('weighs experts by their scores as they are, unless they are to sum up to one', () => {
    const normalizes = (config: object) => {
      const { ffn } = specOf({ model_type: 'qwen3_moe', ...config }).layers[0] ?? {};
      return ffn?.kind === 'moe' && ffn.router.normalize;
    };
    expect([normalizes({}), normalizes({ norm_topk_prob: true })]).toEqual([false, true]);
  });

  test('has a window when it is switched on, in all layers', () => {
    const windowed = { model_type: 'qwen3_moe', sliding_window: 8 };
    expect(windowsOf(specOf(windowed))).toEqual([null, null, null, null]);
    expect(windowsOf(specOf({ ...windowed, use_sliding_window: true }))).toEqual([8, 8, 8, 8]);
  });
});

describe('mimo', () => {
  const mimo = { model_type: 'mimo', attention_bias: true, num_nextn_predict_layers: 1 };

  test('is a Qwen 2 that says of its biases what is so in any case', () => {
    expect(specOf(mimo)).toEqual(specOf({ model_type: 'qwen2' }));
    expect(() => specOf({ ...mimo, attention_bias: false })).toThrow('attention_bias: false is not supported');
  });

  test('layers that predict further tokens are no layers of it', () => {
    const { family, report } = convertConfig({ ...dims, ...mimo, num_hidden_layers: 1 });
    expect(report.unknown).toEqual([]);
    expect(parameterName(family.weights, 'model.mtp_layers.0.input_proj.weight')).toBeNull();
    expect(Object.keys(family.ignoredTensors)).toEqual(['model.mtp_layers.*']);
  });
});

describe('minimax_m2', () => {
  const minimax = { model_type: 'minimax_m2', head_dim: 32, num_local_experts: 8 };
  const turned = (config: object) => Object.values(specOf({ ...minimax, ...config }).ropeTables)[0];

  test('turns as many dimensions as a file says, all where none does', () => {
    expect(turned({})).toMatchObject({ rotaryDim: 32, theta: 5_000_000 });
    expect(turned({ rotary_dim: 16 })).toMatchObject({ rotaryDim: 16 });
    expect(turned({ rotary_dim: 16, rope_parameters: { partial_rotary_factor: 0.25 } })).toMatchObject({
      rotaryDim: 8,
    });
  });

  test('refuses layers of linear attention, which other generations have', () => {
    expect(specOf({ ...minimax, attn_type_list: [1, 1, 1, 1] })).toEqual(specOf(minimax));
    expect(() => specOf({ ...minimax, attn_type_list: [1, 0, 1, 1] })).toThrow('attn_type_list.1: 0 is not supported');
  });
});

describe('deepseek_v3', () => {
  const deepseek = { model_type: 'deepseek_v3', n_routed_experts: 16 };
  const mixerOf = (config: object) => specOf({ ...deepseek, ...config }).layers[0]?.mixer;
  const routerOf = (config: object) => {
    const ffn = specOf({ ...deepseek, ...config }).layers[3]?.ffn;
    return ffn?.kind === 'moe' ? ffn.router : null;
  };

  test('scales scores by what YaRN asks of them, where its dictionary does', () => {
    const yarn = { type: 'yarn', factor: 40, mscale: 1, original_max_position_embeddings: 4096 };
    expect(mixerOf({ rope_scaling: yarn })).toMatchObject({ scale: 192 ** -0.5 });
    const scale = 192 ** -0.5 * (0.1 * Math.log(40) + 1) ** 2;
    expect(mixerOf({ rope_scaling: { ...yarn, mscale_all_dim: 1 } })).toMatchObject({ scale });
  });

  test('has experts from the fourth layer on, in groups unless all of them are chosen', () => {
    expect(specOf(deepseek).layers.map(({ ffn }) => ffn?.kind)).toEqual(['dense', 'dense', 'dense', 'moe']);
    expect(routerOf({})?.groups).toEqual({ count: 8, chosen: 4, score: 'top2_sum' });
    expect(routerOf({ n_group: 1, topk_group: 1 })?.groups).toBeNull();
  });

  test('turns neighbours in pairs, or halves', () => {
    const layoutOf = (config: object) => Object.values(specOf({ ...deepseek, ...config }).ropeTables)[0]?.layout;
    expect([layoutOf({}), layoutOf({ rope_interleave: false })]).toEqual(['interleaved', 'half']);
  });

  test('is what kimi_k2 is by its own name', () => {
    expect(specOf({ ...deepseek, model_type: 'kimi_k2' })).toEqual(specOf(deepseek));
  });
});

describe('deepseek_v2', () => {
  test('chooses by groups when its method says so, and shares one network as wide as its experts', () => {
    const groups = { n_routed_experts: 16, num_experts_per_tok: 2, n_group: 4, topk_group: 2 };
    const ffnOf = (topk_method: string) =>
      specOf({ model_type: 'deepseek_v2', ...groups, moe_intermediate_size: 24, topk_method }).layers[0]?.ffn;
    expect(ffnOf('greedy')).toMatchObject({ router: { groups: null, normalize: false } });
    expect(ffnOf('group_limited_greedy')).toMatchObject({ router: { groups: { count: 4, chosen: 2, score: 'max' } } });
    expect(ffnOf('greedy')).toMatchObject({ intermediateDim: 24, shared: { ffn: { intermediateDim: 48 } } });
    expect(() => ffnOf('noaux_tc')).toThrow('topk_method: "noaux_tc" is not supported');
  });
});

describe('gpt_oss', () => {
  const gptOss = { model_type: 'gpt_oss', head_dim: 16, num_local_experts: 8 };

  test('scales by YaRN where no key says so, and by what a file says', () => {
    const scalingOf = (config: object) => Object.values(specOf({ ...gptOss, ...config }).ropeTables)[0]?.scaling;
    expect(scalingOf({})).toMatchObject({ kind: 'yarn', factor: 32, originalMaxSeqLen: 4096, truncate: false });
    expect(scalingOf({ rope_scaling: { rope_type: 'default' } })).toEqual({ kind: 'default' });
  });

  test('has sinks, a window in every second layer, and experts of bounded inner values', () => {
    const spec = specOf(gptOss);
    expect(windowsOf(spec)).toEqual([128, null, 128, null]);
    expect(spec.layers[0]).toMatchObject({
      mixer: { useSinks: true, useBiasQ: true, useBiasKv: true, useBiasO: true },
      ffn: { activation: 'quick_gelu', useBias: true, innerLimit: 7, upOffset: 1, router: { useBias: true } },
    });
    expect(() => specOf({ ...gptOss, swiglu_alpha: 1.5 })).toThrow('swiglu_alpha: 1.5 is not supported');
  });
});

describe.each(['qwen3_vl', 'qwen3_vl_moe'])('%s', (model_type) => {
  const text = { ...dims, num_hidden_layers: 4, head_dim: 16, rope_theta: 5000, num_experts: 8 };

  test('turns by three axes in turns, whether or not its file says so, and leaves its vision tower out', () => {
    const mrope = { rope_type: 'default', mrope_section: [4, 2, 2] };
    const { spec, report } = convertConfig({
      ...{ model_type, image_token_id: 7, vision_start_token_id: 6, vision_config: { depth: 2 } },
      text_config: { model_type: `${model_type}_text`, ...text, rope_scaling: mrope },
    });
    expect(report.unknown).toEqual(model_type === 'qwen3_vl' ? ['num_experts'] : []);
    expect(Object.values(spec.ropeTables)).toMatchObject([
      { theta: 5000, mrope: { sections: [4, 2, 2], isInterleaved: true } },
    ]);
    const told = { ...text, rope_scaling: { ...mrope, mrope_interleaved: true } };
    expect(specOf({ model_type, text_config: told })).toEqual(spec);
  });

  test('is tied as the whole says, whatever its language model says of itself', () => {
    const isTied = (whole: object) =>
      specOf({ model_type, ...whole, text_config: { ...text, tie_word_embeddings: true } }).tieEmbeddings;
    expect([isTied({}), isTied({ tie_word_embeddings: false }), isTied({ tie_word_embeddings: true })]).toEqual([
      false,
      false,
      true,
    ]);
  });
});

describe('nemotron_h', () => {
  const nemotron = { model_type: 'nemotron_h', head_dim: 16, n_routed_experts: 4 };
  const kindsOf = (config: object) =>
    specOf({ ...nemotron, ...config }).layers.map(({ mixer, ffn }) => mixer?.kind ?? ffn?.kind);

  test('has layers of one sublayer, as a list of words says or a word of letters', () => {
    expect(kindsOf({})).toEqual(['ssd', 'moe', 'attention', 'dense']);
    expect(kindsOf({ hybrid_override_pattern: 'M-M*' })).toEqual(['ssd', 'dense', 'ssd', 'attention']);
    const layers_block_type = ['mamba', 'linear_attention', 'attention', 'full_attention', 'moe', 'mlp'];
    const kinds = ['ssd', 'ssd', 'attention', 'attention', 'moe', 'dense'];
    expect(kindsOf({ layers_block_type, hybrid_override_pattern: 'M' })).toEqual(kinds);
    expect(kindsOf({ layer_types: layers_block_type })).toEqual(kinds);
    expect(() => kindsOf({ hybrid_override_pattern: 'MX' })).toThrow('hybrid_override_pattern.1: "X" is not supported');
  });

  test('knows no positions, and has no gates', () => {
    const { layers, ropeTables } = specOf({ ...nemotron, moe_latent_size: 8 });
    expect(ropeTables).toEqual({});
    expect(layers[2]?.mixer).toMatchObject({ rope: null });
    expect(layers[1]?.ffn).toMatchObject({ useGate: false, latentDim: 8, shared: { ffn: { useGate: false } } });
    expect(layers[3]?.ffn).toMatchObject({ useGate: false, activation: 'relu2' });
    expect(() => specOf({ ...nemotron, moe_latent_size: 8, mlp_bias: true })).toThrow('mlp_bias: must be false');
  });
});

describe('olmo', () => {
  test('bounds nothing where no key says so, and normalises without weights', () => {
    const spec = specOf({ model_type: 'olmo' });
    expect(attentionsOf(spec)[0]).toMatchObject({ clipQkv: null, useBiasQ: false });
    expect(spec.finalNorm).toEqual({ normType: 'layer_norm', normEps: 1e-5, useBias: false, weight: 'none' });
  });
});

describe('olmo3', () => {
  const scaling = { rope_type: 'yarn', factor: 8, original_max_position_embeddings: 8192 };

  test('every fourth layer sees all, by a table that may be scaled; as hub files say it and as transformers 5 does', () => {
    const hub = specOf({ model_type: 'olmo3', rope_theta: 5000, rope_scaling: scaling });
    expect(windowsOf(hub)).toEqual([4096, 4096, 4096, null]);
    expect(ropesOf(hub)).toEqual([5000, 5000, 5000, 5000]);
    expect(Object.values(hub.ropeTables).map((table) => table.scaling.kind)).toEqual(['default', 'yarn']);
    const rope_parameters = {
      full_attention: { ...scaling, rope_theta: 5000 },
      sliding_attention: { rope_type: 'default', rope_theta: 5000 },
    };
    expect(specOf({ model_type: 'olmo3', rope_parameters })).toEqual(hub);
  });
});

describe('phi', () => {
  const tableOf = (config: object) => Object.values(specOf({ model_type: 'phi', ...config }).ropeTables)[0];

  test('turns half of each head where no key says how much', () => {
    expect(tableOf({})).toMatchObject({ rotaryDim: 8 });
    expect(tableOf({ partial_rotary_factor: 0.25 })).toMatchObject({ rotaryDim: 4 });
  });

  test('may normalise each head of q and k, with biases', () => {
    const qkNormOf = (config: object) => attentionsOf(specOf({ model_type: 'phi', ...config }))[0]?.qkNorm;
    expect(qkNormOf({})).toBeNull();
    expect(qkNormOf({ qk_layernorm: true })).toMatchObject({ scope: 'per_head', norm: { useBias: true } });
  });
});

describe('cohere', () => {
  test('normalises q and k when asked, and scales logits by a sixteenth where no key says so', () => {
    const spec = specOf({ model_type: 'cohere' });
    expect(spec).toMatchObject({ logitScale: 1 / 16, tieEmbeddings: true });
    expect(attentionsOf(spec)[0]?.qkNorm).toBeNull();
    const normed = specOf({ model_type: 'cohere', use_qk_norm: true });
    expect(attentionsOf(normed)[0]?.qkNorm).toMatchObject({ scope: 'per_head_weights' });
  });
});

describe('cohere2', () => {
  test('turns in layers with a window alone, every fourth sees all', () => {
    const spec = specOf({ model_type: 'cohere2' });
    expect(windowsOf(spec)).toEqual([4096, 4096, 4096, null]);
    expect(attentionsOf(spec).map(({ rope }) => rope)).toEqual(['main', 'main', 'main', null]);
    expect(windowsOf(specOf({ model_type: 'cohere2', sliding_window_pattern: 2 }))).toEqual([4096, null, 4096, null]);
  });
});

describe.each(['glm', 'glm4', 'glm4_moe'])('%s', (model_type) => {
  test('turns half of each head where no key says how much; the output projection has no bias', () => {
    const spec = specOf({ model_type, head_dim: 32, attention_bias: true });
    expect(Object.values(spec.ropeTables)[0]).toMatchObject({ rotaryDim: 16 });
    expect(attentionsOf(spec)[0]).toMatchObject({ useBiasQ: true, useBiasKv: true, useBiasO: false });
  });
});

describe('glm4', () => {
  test('has a norm after each sublayer, by a name of its own', () => {
    const { family, spec } = convertConfig({ ...dims, model_type: 'glm4', num_hidden_layers: 1, head_dim: 16 });
    expect(spec.layers[0]?.norms.postMixer).not.toBeNull();
    expect(tensorName(family.weights, 'layers.0.postMixerNorm.weight')).toMatch('post_self_attn_layernorm');
    expect(tensorName(family.weights, 'layers.0.preFfnNorm.weight')).toMatch('post_attention_layernorm');
  });
});

describe('qwen2_moe', () => {
  const qwen = { model_type: 'qwen2_moe', use_sliding_window: true, sliding_window: 8 };

  test('has windows in every second layer before max_window_layers, when they are switched on', () => {
    expect(windowsOf(specOf(qwen))).toEqual([8, null, 8, null]);
    expect(windowsOf(specOf({ ...qwen, max_window_layers: 2 }))).toEqual([8, null, null, null]);
    const none = [null, null, null, null];
    expect(windowsOf(specOf({ ...qwen, use_sliding_window: false }))).toEqual(none);
    expect(windowsOf(specOf({ ...qwen, use_sliding_window: false, sliding_window: 0 }))).toEqual(none);
  });

  test('has a shared expert behind a gate, and may be without biases', () => {
    const { layers } = specOf({ ...qwen, qkv_bias: false, mlp_only_layers: [0] });
    expect(layers.map(({ ffn }) => ffn?.kind)).toEqual(['dense', 'moe', 'moe', 'moe']);
    expect(layers[1]).toMatchObject({ mixer: { useBiasQ: false }, ffn: { shared: { useGate: true } } });
  });
});

describe('smollm3', () => {
  test('knows no positions in every fourth layer, or where a list says so, and has windows there alone', () => {
    const knows = (spec: ModelSpec) => attentionsOf(spec).map(({ rope }) => rope !== null);
    expect(knows(specOf({ model_type: 'smollm3' }))).toEqual([true, true, true, false]);
    const listed = { model_type: 'smollm3', no_rope_layers: [0, 1, 1, 1], sliding_window: 8 };
    expect(knows(specOf(listed))).toEqual([false, true, true, true]);
    expect(windowsOf(specOf(listed))).toEqual([null, null, null, null]);
    expect(windowsOf(specOf({ ...listed, use_sliding_window: true }))).toEqual([8, null, null, null]);
    expect(() => specOf({ ...listed, no_rope_layers: [1] })).toThrow('no_rope_layers: has 1 entries');
  });
});

describe('seed_oss', () => {
  test('has biases on q, k and v where no key says so, and on the output by a key of its own', () => {
    const biasesOf = (config: object) => attentionsOf(specOf({ model_type: 'seed_oss', ...config }))[0];
    expect(biasesOf({})).toMatchObject({ useBiasQ: true, useBiasKv: true, useBiasO: false });
    expect(biasesOf({ attention_out_bias: true })).toMatchObject({ useBiasO: true });
  });
});

describe('arcee', () => {
  test('has no gates', () => {
    const { layers } = specOf({ model_type: 'arcee' });
    expect(layers[0]?.ffn).toMatchObject({ useGate: false, activation: 'relu2' });
  });
});

describe('gpt_neox', () => {
  const tableOf = (config: object) => Object.values(specOf({ model_type: 'gpt_neox', ...config }).ropeTables)[0];

  test('turns a quarter of each head, or as much as its own keys say', () => {
    expect(tableOf({})).toMatchObject({ rotaryDim: 4, theta: 10000 });
    expect(tableOf({ rotary_pct: 0.5, rotary_emb_base: 5000 })).toMatchObject({ rotaryDim: 8, theta: 5000 });
  });

  test('has its sublayers beside each other, or after', () => {
    const residualOf = (config: object) => specOf({ model_type: 'gpt_neox', ...config }).layers[0]?.residual;
    expect([residualOf({}), residualOf({ use_parallel_residual: false })]).toEqual(['parallel', 'sequential']);
  });
});

describe('stablelm', () => {
  test('normalises each head by a tensor of its own', () => {
    const keys = { qk_layernorm: true, use_parallel_residual: true };
    const { spec, family } = convertConfig({ ...dims, model_type: 'stablelm', num_hidden_layers: 1, ...keys });
    expect(spec.layers[0]).toMatchObject({ residual: 'parallel', norms: { preFfn: null } });
    expect(expectedParameters(spec).get('layers.0.mixer.k.norm.weight')).toEqual([2, 16]);
    expect(tensorName(family.weights, 'layers.0.mixer.k.norm.weight')).toMatch('k_layernorm.norms.{e}.weight');
  });
});

describe('starcoder2', () => {
  test('has biases everywhere, or nowhere, and a window only when asked', () => {
    const layerOf = (config: object) => specOf({ model_type: 'starcoder2', ...config }).layers[0];
    expect(layerOf({})).toMatchObject({
      mixer: { useBiasQ: true, useBiasO: true, slidingWindowSize: null },
      ffn: { useBias: true, useGate: false },
    });
    expect(layerOf({ use_bias: false })).toMatchObject({ mixer: { useBiasKv: false }, ffn: { useBias: false } });
  });
});

describe('exaone4', () => {
  const exaone = { model_type: 'exaone4' };
  const knows = (spec: ModelSpec) => attentionsOf(spec).map(({ rope }) => rope !== null);

  test('knows positions in windows alone, and everywhere where there are none', () => {
    const windowed = specOf({ ...exaone, sliding_window: 8 });
    expect([windowsOf(windowed), knows(windowed)]).toEqual([
      [8, 8, 8, null],
      [true, true, true, false],
    ]);
    const full = specOf({ ...exaone, sliding_window: null });
    expect([windowsOf(full), knows(full)]).toEqual([
      [null, null, null, null],
      [true, true, true, true],
    ]);
  });

  test('letters say nothing beside a list, and are refused without one', () => {
    const layer_types = Array(4).fill('sliding_attention');
    const lettered = { ...exaone, sliding_window: 8, sliding_window_pattern: 'LLLG' };
    expect(windowsOf(specOf({ ...lettered, layer_types }))).toEqual([8, 8, 8, 8]);
    expect(() => specOf(lettered)).toThrow('sliding_window_pattern: "LLLG" is not supported');
  });
});

describe('ernie4_5', () => {
  test('turns neighbours in pairs; biases are everywhere or nowhere', () => {
    const spec = specOf({ model_type: 'ernie4_5', use_bias: true });
    expect(Object.values(spec.ropeTables)[0]).toMatchObject({ layout: 'interleaved' });
    expect(spec.layers[0]).toMatchObject({ mixer: { useBiasO: true }, ffn: { useBias: true } });
    expect(specOf({ model_type: 'ernie4_5' }).layers[0]?.ffn).toMatchObject({ useBias: false });
  });
});

describe('granitemoe', () => {
  test('scales as granite does, and weighs experts by their logits among themselves', () => {
    const scales = { embedding_multiplier: 6, attention_multiplier: 0.5, residual_multiplier: 0.25, logits_scaling: 4 };
    const spec = specOf({ model_type: 'granitemoe', ...scales });
    expect(spec).toMatchObject({ embeddingScale: 6, logitScale: 0.25 });
    expect(spec.layers[0]).toMatchObject({
      mixer: { scale: 0.5 },
      ffn: { router: { order: 'topk_then_score', normalize: false } },
      residualScale: 0.25,
    });
  });
});

describe('olmoe', () => {
  test('bounds are refused, which come after its norms', () => {
    const spec = specOf({ model_type: 'olmoe', num_experts: 8 });
    expect(spec.layers[0]).toMatchObject({
      mixer: { qkNorm: { scope: 'full_width' } },
      ffn: { numExperts: 8, router: { normalize: false } },
    });
    expect(() => specOf({ model_type: 'olmoe', clip_qkv: 8 })).toThrow('clip_qkv: 8 is not supported');
  });
});

describe('nemotron', () => {
  test('turns half of each head, has no gates, and norms whose weight is one more than stored', () => {
    const spec = specOf({ model_type: 'nemotron' });
    expect(Object.values(spec.ropeTables)[0]).toMatchObject({ rotaryDim: 8 });
    expect(spec.layers[0]?.ffn).toMatchObject({ useGate: false, activation: 'relu2' });
    expect(spec.finalNorm).toMatchObject({ normType: 'layer_norm', weight: 'one_plus', useBias: true });
  });
});

describe('helium', () => {
  test('turns neighbours in pairs, and never has a bias on the output', () => {
    const spec = specOf({ model_type: 'helium', attention_bias: true });
    expect(Object.values(spec.ropeTables)[0]).toMatchObject({ layout: 'interleaved' });
    expect(attentionsOf(spec)[0]).toMatchObject({ useBiasQ: true, useBiasO: false });
  });
});

describe('bloom', () => {
  test('has linear biases, a norm over the embeddings, and no longest sequence', () => {
    const spec = convertConfig({ model_type: 'bloom', n_embed: 32, n_head: 2, vocab_size: 100, seq_length: 64 }).spec;
    expect(spec).toMatchObject({ hiddenDim: 32, maxSeqLen: null, embeddingNorm: { useBias: true }, ropeTables: {} });
    expect(attentionsOf(spec)[0]?.alibiSlopes).toEqual([2 ** -4, 2 ** -8]);
    expect(() => convertConfig({ model_type: 'bloom', hidden_size: 30, n_head: 4 })).toThrow(
      'hidden_size: 30 is not divisible by n_head 4',
    );
  });
});

describe('falcon', () => {
  const layerOf = (config: object) => specOf({ model_type: 'falcon', ...config }).layers[0];

  test('has one KV head, or as many as heads, or groups of them', () => {
    const kvHeadsOf = (config: object) => {
      const mixer = layerOf(config)?.mixer;
      return mixer?.kind === 'attention' ? mixer.numKvHeads : null;
    };
    expect(kvHeadsOf({})).toBe(1);
    expect(kvHeadsOf({ multi_query: false })).toBe(4);
    expect(kvHeadsOf({ new_decoder_architecture: true, num_kv_heads: 2 })).toBe(2);
  });

  test('has one norm for both sublayers, two, or sublayers after each other', () => {
    expect(layerOf({})).toMatchObject({ residual: 'parallel', norms: { preFfn: null } });
    const groups = { new_decoder_architecture: true };
    expect(layerOf(groups)).toMatchObject({ residual: 'parallel', norms: { preFfn: { useBias: true } } });
    expect(layerOf({ ...groups, num_ln_in_parallel_attn: 1 })).toMatchObject({ norms: { preFfn: null } });
    expect(layerOf({ parallel_attn: false })).toMatchObject({ residual: 'sequential', norms: { preFfn: {} } });
    expect(() => layerOf({ ...groups, parallel_attn: false })).toThrow('parallel_attn: must be true');
  });

  test('may have linear biases, scaled as the products are', () => {
    const mixer = layerOf({ alibi: true })?.mixer;
    expect(mixer).toMatchObject({ rope: null, alibiSlopes: [1 / 4, 1 / 16, 1 / 64, 1 / 256].map((one) => one / 4) });
  });
});

describe('mpt', () => {
  const mpt = { model_type: 'mpt', d_model: 32, n_heads: 4, n_layers: 1, vocab_size: 100 };
  const attentionOf = (config: object) => attentionsOf(convertConfig({ ...mpt, ...config }).spec)[0];

  test('takes its slopes, bounds and scale from keys of attention', () => {
    expect(attentionOf({})).toMatchObject({
      clipQkv: null,
      scale: 8 ** -0.5,
      alibiSlopes: [1, 2, 3, 4].map((i) => 4 ** -i),
    });
    const attn_config = { alibi_bias_max: 4, clip_qkv: 6, softmax_scale: 0.5, attn_impl: 'triton' };
    const { report } = convertConfig({ ...mpt, attn_config });
    expect(report.unknown).toEqual([]);
    const alibiSlopes = [1, 2, 3, 4].map((i) => 2 ** -i);
    expect(attentionOf({ attn_config })).toMatchObject({ clipQkv: 6, scale: 0.5, alibiSlopes });
  });

  test('refuses what transformers reads past', () => {
    expect(() => attentionOf({ attn_config: { qk_ln: true } })).toThrow('attn_config.qk_ln: true is not supported');
    expect(() => attentionOf({ logit_scale: 'inv_sqrt_d_model' })).toThrow('logit_scale: "inv_sqrt_d_model"');
    expect(() => attentionOf({ n_heads: 5 })).toThrow('d_model: 32 is not divisible by n_heads 5');
  });
});

test('qwen2_vl is qwen2_5_vl by another name', () => {
  const text = { ...dims, rope_scaling: { type: 'mrope', mrope_section: [2, 3, 3] } };
  expect(specOf({ model_type: 'qwen2_vl', ...text })).toEqual(specOf({ model_type: 'qwen2_5_vl', ...text }));
});

describe('dots1', () => {
  const dots = { model_type: 'dots1', n_routed_experts: 8, n_shared_experts: 2, num_experts_per_tok: 2 };

  test('has windows from max_window_layers on, and experts from a layer on, two of them for all tokens', () => {
    expect(windowsOf(specOf(dots))).toEqual([null, null, null, null]);
    const spec = specOf({ ...dots, max_window_layers: 3, sliding_window: 8, first_k_dense_replace: 1 });
    expect(windowsOf(spec)).toEqual([null, null, null, 8]);
    expect(spec.layers.map(({ ffn }) => ffn?.kind)).toEqual(['dense', 'moe', 'moe', 'moe']);
    expect(spec.layers[1]?.ffn).toMatchObject({ shared: { ffn: { intermediateDim: 2 * 1408 } } });
  });

  test('its class has no numbers of experts of its own', () => {
    expect(() => specOf({ model_type: 'dots1' })).toThrow('n_shared_experts');
  });
});

describe('phi3', () => {
  const scaling = { short_factor: [1, 2, 3, 4, 5, 6], long_factor: [2, 3, 4, 5, 6, 7] };
  const tableOf = (config: object) => Object.values(specOf({ model_type: 'phi3', ...config }).ropeTables)[0];

  test('turns a part of each head, as the dictionary says, or the key beside it', () => {
    expect(tableOf({})).toMatchObject({ rotaryDim: 16, scaling: { kind: 'default' } });
    expect(tableOf({ partial_rotary_factor: 0.75 })).toMatchObject({ rotaryDim: 12 });
    const rope_parameters = { rope_type: 'default', partial_rotary_factor: 0.5 };
    expect(tableOf({ partial_rotary_factor: 0.75, rope_parameters })).toMatchObject({ rotaryDim: 8 });
  });

  test.each(['su', 'yarn', 'longrope'])('scales by LongRoPE where a file says %s', (type) => {
    const lengths = { max_position_embeddings: 16384, original_max_position_embeddings: 4096 };
    const found = tableOf({ partial_rotary_factor: 0.75, ...lengths, rope_scaling: { type, ...scaling } });
    expect(found?.scaling).toEqual({
      kind: 'longrope',
      shortFactors: scaling.short_factor,
      longFactors: scaling.long_factor,
      originalMaxSeqLen: 4096,
      attentionFactor: Math.sqrt(1 + Math.log(4) / Math.log(4096)),
    });
  });

  test('refuses biases, which its class has not', () => {
    expect(() => specOf({ model_type: 'phi3', attention_bias: true })).toThrow('attention_bias: true is not supported');
  });
});

describe('gpt2', () => {
  const gpt2 = { model_type: 'gpt2', n_embd: 64, n_head: 4, n_layer: 2, n_positions: 32, vocab_size: 100 };
  const gpt2Of = (config: object) => convertConfig({ ...gpt2, ...config }).spec;

  test('has learned positions, biases and a network four times as wide', () => {
    const spec = gpt2Of({});
    expect(spec).toMatchObject({ learnedPositions: { size: 32 }, maxSeqLen: 32, tieEmbeddings: true, ropeTables: {} });
    expect(spec.layers[0]).toMatchObject({
      mixer: { rope: null, useBiasQ: true, useBiasKv: true, useBiasO: true, scale: 0.25 },
      ffn: { intermediateDim: 256, activation: 'gelu_tanh', useGate: false, useBias: true },
      norms: { preMixer: { normType: 'layer_norm', useBias: true } },
    });
  });

  test('scales scores by the number of the layer, or not at all, when asked', () => {
    const scalesOf = (config: object) => attentionsOf(gpt2Of(config)).map(({ scale }) => scale);
    expect(scalesOf({ scale_attn_by_inverse_layer_idx: true })).toEqual([0.25, 0.125]);
    expect(scalesOf({ scale_attn_weights: false })).toEqual([1, 1]);
  });

  test('takes the names that other families have, before its own', () => {
    const { n_embd: _, ...others } = gpt2;
    const usual = { hidden_size: 32, num_attention_heads: 2, num_hidden_layers: 3, max_position_embeddings: 16 };
    const { spec, report } = convertConfig({ ...others, ...usual });
    expect(spec).toMatchObject({
      hiddenDim: 32,
      numLayers: 3,
      maxSeqLen: 16,
      layers: [{ mixer: { numHeads: 2 } }, {}, {}],
    });
    expect(report.unknown).toEqual([]);
    expect(report.understood).toEqual(expect.arrayContaining(['hidden_size', 'n_head', 'num_attention_heads']));
    expect(() => convertConfig({ ...others, ...usual, hidden_size: 'wide' })).toThrow('hidden_size: ');
  });

  test('heads that do not divide the width are refused', () => {
    expect(() => gpt2Of({ n_head: 5 })).toThrow('n_embd: 64 is not divisible by n_head 5');
  });
});

describe('granite', () => {
  const granite = { model_type: 'granite' };

  test('does not scale scores by the size of a head where no key says so', () => {
    expect(attentionsOf(specOf(granite)).map(({ scale }) => scale)).toEqual([1, 1, 1, 1]);
  });

  test('has biases in attention, and in the network, when asked', () => {
    expect(specOf({ ...granite, attention_bias: true }).layers[0]).toMatchObject({
      mixer: { useBiasQ: true, useBiasKv: true, useBiasO: true },
      ffn: { useBias: false },
    });
    expect(specOf({ ...granite, mlp_bias: true }).layers[0]).toMatchObject({
      mixer: { useBiasQ: false, useBiasKv: false, useBiasO: false },
      ffn: { useBias: true },
    });
  });

  test('a multiplier that is no positive number is refused by its key', () => {
    expect(() => specOf({ ...granite, logits_scaling: 0 })).toThrow('logits_scaling: Too small');
  });
});

describe('qwen2_5_vl', () => {
  const text = { ...dims, num_hidden_layers: 4, rope_theta: 5000 };

  test('turns by three axes, as hub files say it and as transformers 5 does', () => {
    const hub = specOf({
      model_type: 'qwen2_5_vl',
      ...text,
      rope_scaling: { type: 'mrope', mrope_section: [2, 3, 3] },
    });
    expect(hub).toMatchObject({ positionAxes: 3, tieEmbeddings: false });
    expect(Object.values(hub.ropeTables)).toMatchObject([
      { theta: 5000, scaling: { kind: 'default' }, mrope: { sections: [2, 3, 3], isInterleaved: false } },
    ]);
    expect(hub.layers[0]?.mixer).toMatchObject({ useBiasQ: true, useBiasKv: true, useBiasO: false });
    const parameters = { rope_type: 'default', rope_theta: 5000, mrope_section: [2, 3, 3] };
    const { rope_theta: _, ...keys } = text;
    const nested = convertConfig({
      model_type: 'qwen2_5_vl',
      tie_word_embeddings: false,
      text_config: { model_type: 'qwen2_5_vl_text', ...keys, rope_parameters: parameters },
      vision_config: { depth: 2 },
    });
    expect(nested.spec).toEqual(hub);
    expect(nested.report.unknown).toEqual([]);
    expect(nested.report.ignored).toContainEqual({ key: 'vision_config', why: 'vision tower' });
  });

  test('is tied when the whole or its language model says so', () => {
    const isTied = (whole: object, own: object) =>
      specOf({ model_type: 'qwen2_5_vl', ...whole, text_config: { ...dims, ...mrope, ...own } }).tieEmbeddings;
    const mrope = { rope_parameters: { mrope_section: [2, 3, 3] } };
    const tied = { tie_word_embeddings: true };
    expect([isTied({}, {}), isTied(tied, {}), isTied({ tie_word_embeddings: false }, tied)]).toEqual([
      false,
      true,
      true,
    ]);
  });

  test('sections that are not the pairs of a head are refused by their key', () => {
    const rope_scaling = { type: 'mrope', mrope_section: [16, 24, 24] };
    expect(() => specOf({ model_type: 'qwen2_5_vl', ...text, rope_scaling })).toThrow(
      'rope_scaling.mrope_section: sums up to 64, but heads of 16 have 8 pairs of dimensions',
    );
  });
});

test('the vision tower of qwen2_5_vl is left out by name', async () => {
  const shapes: Record<string, number[]> = {
    'model.embed_tokens.weight': [8, 16],
    'model.norm.weight': [16],
    'lm_head.weight': [8, 16],
    'visual.blocks.0.norm1.weight': [4],
    'visual.merger.ln_q.weight': [4],
    'model.layers.0.input_layernorm.weight': [16],
    'model.layers.0.post_attention_layernorm.weight': [16],
    ...Object.fromEntries(
      ['q', 'k', 'v'].flatMap((name) => [
        [`model.layers.0.self_attn.${name}_proj.weight`, [16, 16]],
        [`model.layers.0.self_attn.${name}_proj.bias`, [16]],
      ]),
    ),
    'model.layers.0.self_attn.o_proj.weight': [16, 16],
    ...Object.fromEntries(['gate', 'up', 'down'].map((name) => [`model.layers.0.mlp.${name}_proj.weight`, [16, 16]])),
  };
  const tensors = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, bfloat16(shape)]));
  const config = {
    ...{ model_type: 'qwen2_5_vl', vocab_size: 8, hidden_size: 16, intermediate_size: 16, num_hidden_layers: 1 },
    ...{ num_attention_heads: 1, num_key_value_heads: 1, rope_scaling: { type: 'mrope', mrope_section: [2, 3, 3] } },
  };
  const files = { 'config.json': JSON.stringify(config), 'model.safetensors': buildSafetensors(tensors) };
  const { report } = await openModel(memoryFiles(files));
  expect(report.ignoredTensors).toEqual([{ tensors: 'visual.*', count: 2, why: 'vision tower' }]);
});

describe('mamba2', () => {
  const mamba2 = { model_type: 'mamba2', hidden_size: 32, num_heads: 4, head_dim: 16, n_groups: 2, state_size: 8 };

  test('has recurrent mixers alone, without a longest sequence', () => {
    const spec = specOf(mamba2);
    expect(spec).toMatchObject({ maxSeqLen: null, ropeTables: {}, tieEmbeddings: false });
    expect(spec.layers[0]).toMatchObject({
      mixer: { kind: 'ssd', numHeads: 4, headDim: 16, numGroups: 2, stateDim: 8, convWidth: 4, minTimeStep: null },
      ffn: null,
      norms: { preMixer: { normType: 'rms_norm' }, preFfn: null },
    });
  });

  test('bounds time steps where its limits are bounds', () => {
    const boundsOf = (time_step_limit: unknown) => {
      const { mixer } = specOf({ ...mamba2, time_step_limit }).layers[0] ?? {};
      return mixer?.kind === 'ssd' ? [mixer.minTimeStep, mixer.maxTimeStep] : null;
    };
    expect(boundsOf([0, { __float__: 'Infinity' }])).toEqual([null, null]);
    expect(boundsOf([0.001, 0.1])).toEqual([0.001, 0.1]);
    expect(() => boundsOf([0.1, 0.001])).toThrow('time_step_limit: goes from 0.1 down to 0.001');
  });

  test('keys that contradict each other are named', () => {
    expect(() => specOf({ ...mamba2, num_heads: 6 })).toThrow(
      'num_heads: 6 of head_dim 16 are not expand 2 times hidden_size 32',
    );
    expect(() => specOf({ ...mamba2, n_groups: 3 })).toThrow('n_groups: 3 does not divide num_heads 4');
  });
});

/** What families need beside the keys that most have. */
const special: Readonly<Record<string, object>> = {
  deepseek_v2: { num_experts_per_tok: 2 },
  dots1: { n_routed_experts: 8, n_shared_experts: 1, num_experts_per_tok: 2 },
  gemma4: {
    ...{ hidden_size_per_layer_input: 0, attention_k_eq_v: true, enable_moe_block: true },
    ...{ num_experts: 4, top_k_experts: 2, moe_intermediate_size: 24 },
  },
  mamba2: { num_heads: 8, head_dim: 16 },
  qwen2_5_vl: { rope_scaling: { type: 'mrope', mrope_section: [2, 3, 3] } },
  qwen2_vl: { rope_scaling: { type: 'mrope', mrope_section: [2, 3, 3] } },
};

test.each(models)(
  '$modelType names every parameter that it has, both ways, and counts it',
  ({ modelType, weights }) => {
    const spec = specOf({ model_type: modelType, ...special[modelType] });
    const parameters = [...expectedParameters(spec)];
    for (const [parameter] of parameters) {
      const tensor = tensorName(weights, parameter);
      expect(tensor, parameter).not.toBeNull();
      const back = parameterName(weights, tensor?.replace('{e}', '0') ?? '') ?? '';
      expect(tensorName(weights, back)).toBe(tensor);
    }
    const counted = parameters.reduce((sum, [, shape]) => sum + shape.reduce((product, dim) => product * dim, 1), 0);
    expect(countParameters(spec).total).toBe(counted);
  },
);
