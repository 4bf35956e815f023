import { writeFile } from 'node:fs/promises';

type Value = string | number | readonly string[];

const tensors: Readonly<Record<string, readonly number[]>> = {
  'token_embd.weight': [8, 32],
  'output_norm.weight': [32],
  'blk.0.attn_norm.weight': [32],
  'blk.0.attn_q.weight': [32, 32],
  'blk.0.attn_k.weight': [32, 32],
  'blk.0.attn_v.weight': [32, 32],
  'blk.0.attn_output.weight': [32, 32],
  'blk.0.ffn_norm.weight': [32],
  'blk.0.ffn_gate.weight': [64, 32],
  'blk.0.ffn_up.weight': [64, 32],
  'blk.0.ffn_down.weight': [32, 64],
  'rope_freqs.weight': [4],
};

/** Writes the header of a GGUF file of a llama of one layer, and none of its numbers; `values` are more of its metadata. */
export async function writeGgufHeader(path: string, values: Readonly<Record<string, Value>>): Promise<string> {
  const metadata: Record<string, Value> = {
    'general.architecture': 'llama',
    'llama.block_count': 1,
    'llama.context_length': 128,
    'llama.embedding_length': 32,
    'llama.feed_forward_length': 64,
    'llama.attention.head_count': 4,
    'llama.attention.layer_norm_rms_epsilon': 0.5,
    ...values,
  };
  const entries = Object.entries(metadata);
  const counts = [uint64(Object.keys(tensors).length), uint64(entries.length)];
  const keys = entries.map(([key, value]) => Buffer.concat([string(key), typed(value)]));
  await writeFile(path, Buffer.concat([Buffer.from('GGUF'), uint32(3), ...counts, ...keys, ...tensorInfos()]));
  return path;
}

function tensorInfos(): Buffer[] {
  let offset = 0;
  return Object.entries(tensors).map(([name, shape]) => {
    const dims = shape.toReversed().map(uint64);
    const info = Buffer.concat([string(name), uint32(shape.length), ...dims, uint32(0), uint64(offset)]);
    // All float32, and multiples of the alignment but the last.
    offset += 4 * shape.reduce((product, dim) => product * dim, 1);
    return info;
  });
}

/** Types of the format: 4 is uint32, 6 float32, 8 a string, 9 an array. */
function typed(value: Value): Buffer {
  if (typeof value === 'string') return Buffer.concat([uint32(8), string(value)]);
  if (typeof value !== 'number')
    return Buffer.concat([uint32(9), uint32(8), uint64(value.length), ...value.map(string)]);
  return Number.isInteger(value)
    ? Buffer.concat([uint32(4), uint32(value)])
    : Buffer.concat([uint32(6), Buffer.from(Float32Array.of(value).buffer)]);
}

function string(text: string): Buffer {
  return Buffer.concat([uint64(Buffer.byteLength(text)), Buffer.from(text)]);
}

function uint32(value: number): Buffer {
  return Buffer.from(Uint32Array.of(value).buffer);
}

function uint64(value: number): Buffer {
  return Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
}
