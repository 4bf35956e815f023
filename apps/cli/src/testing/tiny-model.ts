import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Planned, SafetensorsWriter } from '../safetensors-writer.ts';
import { writeBeside } from '../write-beside.ts';

export const vocabSize = 64;
const hidden = 32;
const intermediate = 48;
const kvDim = 16;
const layers = 3;

export const tinyConfig = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: hidden,
  intermediate_size: intermediate,
  num_hidden_layers: layers,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: vocabSize,
  max_position_embeddings: 65536,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: true,
  hidden_act: 'silu',
  bos_token_id: 0,
  eos_token_id: 1,
  torch_dtype: 'float32',
};

const special = ['<s>', '</s>', '<|user|>', '<|assistant|>'];
const letters = [...'Ġabcdefghijklmnopqrstuvwxyz.,?!'];

/** Token ids: a special token or a letter each. */
export function tinyTokens(...tokens: string[]): number[] {
  return tokens.map((token) => [...special, ...letters].indexOf(token));
}

/** Writes a llama of a few thousand numbers; its tokenizer knows little but the alphabet. */
export async function writeTinyModel(folder: string, { withTokenizer = false } = {}): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.json'), JSON.stringify(tinyConfig));
  await writeWeights(join(folder, 'model.safetensors'));
  if (withTokenizer) await writeTokenizer(folder);
  return folder;
}

async function writeWeights(path: string): Promise<void> {
  const plan = tensors();
  await writeBeside(path, async (file) => {
    const writer = await SafetensorsWriter.begin(file, plan);
    for (const { name, shape } of plan)
      await writer.write(
        numbers(
          shape.reduce((a, b) => a * b, 1),
          name,
        ),
      );
    writer.end();
  });
}

function tensors(): Planned[] {
  const tensor = (name: string, ...shape: number[]): Planned => ({ name: `model.${name}.weight`, dtype: 'F32', shape });
  const layer = (i: number) => [
    tensor(`layers.${i}.input_layernorm`, hidden),
    tensor(`layers.${i}.self_attn.q_proj`, hidden, hidden),
    tensor(`layers.${i}.self_attn.k_proj`, kvDim, hidden),
    tensor(`layers.${i}.self_attn.v_proj`, kvDim, hidden),
    tensor(`layers.${i}.self_attn.o_proj`, hidden, hidden),
    tensor(`layers.${i}.post_attention_layernorm`, hidden),
    tensor(`layers.${i}.mlp.gate_proj`, intermediate, hidden),
    tensor(`layers.${i}.mlp.up_proj`, intermediate, hidden),
    tensor(`layers.${i}.mlp.down_proj`, hidden, intermediate),
  ];
  const all = Array.from({ length: layers }, (_, i) => layer(i));
  return [tensor('embed_tokens', vocabSize, hidden), ...all.flat(), tensor('norm', hidden)];
}

/** Numbers that look random and are the same everywhere; around 1 for norms, else around 0. */
function numbers(count: number, name: string): Float32Array {
  const middle = name.includes('norm') ? 1 : 0;
  const phase = [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
  return Float32Array.from({ length: count }, (_, i) => middle + 0.5 * Math.sin(phase + i * i * 0.7));
}

async function writeTokenizer(folder: string): Promise<void> {
  const vocab = Object.fromEntries([...special, ...letters].map((token, id) => [token, id]));
  const added = special.map((content, id) => ({
    ...{ id, content, special: true },
    ...{ single_word: false, lstrip: false, rstrip: false, normalized: false },
  }));
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: byteLevel,
    decoder: byteLevel,
    model: { type: 'BPE', vocab, merges: [] },
  };
  const chatTemplate =
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}</s>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}";
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
  await writeFile(
    join(folder, 'tokenizer_config.json'),
    JSON.stringify({ bos_token: '<s>', eos_token: '</s>', chat_template: chatTemplate }),
  );
}
