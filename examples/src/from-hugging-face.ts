import { cpuBackend } from '@tttv2/backend-cpu';
import { createModelFactory } from '@tttv2/factory';
import type { ModelSpec } from '@tttv2/spec';

/** The seed's first example: a specification from the `config.json` of Qwen2.5-VL-7B; all widths are divided by `scale`. */
export function fromHuggingFace(scale: number): ModelSpec {
  return createModelFactory({ backends: [cpuBackend] }).fromHuggingFace(config(scale));
}

/** Heads stay wide enough to turn by three axes: scaled far down, there are fewer of them. */
function config(scale: number) {
  const hidden = 3584 / scale;
  const headDim = Math.max(128 / scale, 8);
  const heads = hidden / headDim;
  const pairs = headDim / 2;
  const [time, height] = [pairs / 4, Math.floor((3 * pairs) / 8)];
  return {
    architectures: ['Qwen2_5_VLForConditionalGeneration'],
    model_type: 'qwen2_5_vl',
    vocab_size: 152064 / scale,
    hidden_size: hidden,
    intermediate_size: 18944 / scale,
    num_hidden_layers: 28,
    num_attention_heads: heads,
    num_key_value_heads: heads % 4 === 0 ? 4 : 1,
    hidden_act: 'silu',
    max_position_embeddings: 32768,
    rms_norm_eps: 1e-6,
    rope_theta: 1_000_000,
    rope_scaling: { type: 'mrope', mrope_section: [time, height, pairs - time - height] },
    use_sliding_window: false,
    tie_word_embeddings: false,
  };
}
