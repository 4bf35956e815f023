import { z } from 'zod';
import { only } from './config-values.ts';

/** Keys that transformers reads in any family's `config.json`, where nobody here implements more than one value. */
export const commonConfig = z.object({
  is_causal: only(true),
  is_encoder_decoder: only(false),
  add_cross_attention: only(false),
  /** Other values of other keys for some of the layers. */
  per_layer_config: only(null),
});

const generation = 'a matter of generation, whose settings stand in generation_config.json';

const keysByReason: Readonly<Record<string, readonly string[]>> = {
  'the family is chosen by model_type': ['architectures'],
  'names Python code, which is never run': ['auto_map'],
  'says where the file comes from, not what the model is': [
    ...['_name_or_path', 'name_or_path', '_commit_hash', 'transformers_version', 'transformers_weights'],
    ...['unsloth_version', 'unsloth_fixed'],
  ],
  'is empty': ['quantization_config'],
  'the weights say themselves how they are stored': ['torch_dtype', 'dtype', 'use_bfloat16'],
  'only matters in training': [
    ...['attention_dropout', 'hidden_dropout', 'initializer_range', 'gradient_checkpointing', 'neftune_noise_alpha'],
    'tf_legacy_loss',
  ],
  'keys and values are always kept': ['use_cache'],
  'the backend chooses how it is computed': [
    ...['_attn_implementation', 'attn_implementation', '_attn_implementation_autoset'],
    ...['_experts_implementation', 'experts_implementation'],
  ],
  [generation]: [
    ...[
      'bos_token_id',
      'eos_token_id',
      'pad_token_id',
      'unk_token_id',
      'sep_token_id',
      'cls_token_id',
      'mask_token_id',
    ],
    ...['decoder_start_token_id', 'prefix', 'task_specific_params'],
    // Those that transformers takes out of a configuration: `_get_default_generation_params` of its `GenerationConfig`.
    ...['assistant_confidence_threshold', 'assistant_lookbehind', 'bad_words_ids', 'begin_suppress_tokens'],
    ...[
      'diversity_penalty',
      'do_sample',
      'early_stopping',
      'encoder_no_repeat_ngram_size',
      'encoder_repetition_penalty',
    ],
    ...['epsilon_cutoff', 'eta_cutoff', 'exponential_decay_length_penalty', 'forced_bos_token_id'],
    ...['forced_eos_token_id', 'length_penalty', 'max_length', 'min_length', 'no_repeat_ngram_size'],
    ...['num_assistant_tokens', 'num_assistant_tokens_schedule', 'num_beam_groups', 'num_beams'],
    ...['num_return_sequences', 'output_scores', 'remove_invalid_values', 'repetition_penalty'],
    ...[
      'return_dict_in_generate',
      'suppress_tokens',
      'target_lookbehind',
      'temperature',
      'top_k',
      'top_p',
      'typical_p',
    ],
  ],
  'chooses what transformers returns': ['output_attentions', 'output_hidden_states', 'output_past', 'return_dict'],
  'only matters where transformers exports a model': ['torchscript', 'transformers.js_config'],
  'splits the same computation': ['chunk_size_feed_forward'],
  'the tokenizer’s files say it': ['tokenizer_class'],
  'only matters beside an encoder': ['cross_attention_hidden_size', 'is_decoder', 'tie_encoder_decoder'],
  'no head is taken out by it since transformers 5': ['pruned_heads'],
  'only matters for classifiers': [
    ...['id2label', 'label2id', 'num_labels', '_num_labels', 'problem_type', 'classifier_dropout', 'finetuning_task'],
  ],
};

/** Keys of every family's `config.json` that do not change what the model computes, and why. */
export const commonKeys: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(keysByReason).flatMap(([why, keys]) => keys.map((key) => [key, why])),
);
