import { UnsupportedModelError } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { convertConfig } from './convert.ts';
import { models } from './models/index.ts';

const families = models.map(({ modelType }) => modelType);

/** Keys without which a family's class makes no model, or one that nobody implements. */
const required: Readonly<Record<string, object>> = {
  deepseek_v2: { num_experts_per_tok: 6 },
  dots1: { n_routed_experts: 8, n_shared_experts: 1, num_experts_per_tok: 2 },
  gemma4: { hidden_size_per_layer_input: 0 },
  glm4_moe: { head_dim: 128 },
};
const convert = (config: { model_type: string }) => convertConfig({ ...required[config.model_type], ...config });

/** Families whose layers may have keys of their own. */
const readLayerConfig = ['gemma4', 'step3p7'];

/** What transformers 4 writes when all of a configuration is asked for, the defaults too. */
const everything = {
  ...{ return_dict: true, output_hidden_states: false, output_attentions: false, torchscript: false },
  ...{ torch_dtype: 'bfloat16', use_bfloat16: false, tf_legacy_loss: false, pruned_heads: {} },
  ...{ chunk_size_feed_forward: 0, is_encoder_decoder: false, is_decoder: false, cross_attention_hidden_size: null },
  ...{ add_cross_attention: false, tie_encoder_decoder: false, max_length: 20, min_length: 0, do_sample: false },
  ...{ early_stopping: false, num_beams: 1, num_beam_groups: 1, diversity_penalty: 0, temperature: 1, top_k: 50 },
  ...{ top_p: 1, typical_p: 1, repetition_penalty: 1, length_penalty: 1, no_repeat_ngram_size: 0 },
  ...{ encoder_no_repeat_ngram_size: 0, bad_words_ids: null, num_return_sequences: 1, output_scores: false },
  ...{ return_dict_in_generate: false, forced_bos_token_id: null, forced_eos_token_id: null },
  ...{ remove_invalid_values: false, exponential_decay_length_penalty: null, suppress_tokens: null },
  ...{ begin_suppress_tokens: null, architectures: ['Some'], finetuning_task: null, id2label: {}, label2id: {} },
  ...{ tokenizer_class: null, prefix: null, bos_token_id: 1, pad_token_id: null, eos_token_id: 2 },
  ...{ sep_token_id: null, decoder_start_token_id: null, task_specific_params: null, problem_type: null },
  ...{ _name_or_path: '', transformers_version: '4.38.0', _attn_implementation_autoset: true },
};

test.each(families)('%s knows what transformers writes into every file', (model_type) => {
  expect(convert({ model_type, ...everything }).report.unknown).toEqual([]);
});

test.each(families)('%s refuses by name what is no decoder, and layers with keys of their own', (model_type) => {
  const ofLayers = ['per_layer_config', { '0': { intermediate_size: 8 } }] as const;
  for (const [key, value] of [
    ['is_causal', false],
    ['is_encoder_decoder', true],
    ['add_cross_attention', true],
    ...(readLayerConfig.includes(model_type) ? [] : [ofLayers]),
  ] as const) {
    const converted = () => convert({ model_type, ...{ [key]: value } });
    expect(converted).toThrow(UnsupportedModelError);
    expect(converted).toThrow(`${key}: ${JSON.stringify(value)} is not supported`);
  }
  expect(convert({ model_type, ...{ is_causal: true, per_layer_config: null } }).report.unknown).toEqual([]);
});
