import { randomWeights } from '@tttv2/graph';
import { z } from 'zod';

const count = z.number().int().nonnegative();

/** How the tensors of a checkpoint were made: each is a stream of random numbers of its own name. */
export const recipeSchema = z.strictObject({
  seed: count,
  tensors: z.record(z.string(), z.strictObject({ shape: z.array(count), mean: z.number(), std: z.number() })),
});
export type Recipe = z.infer<typeof recipeSchema>;

/** A safetensors file with the numbers of a recipe, float32. */
export function generatedSafetensors({ seed, tensors }: Recipe): Uint8Array {
  const header: Record<string, object> = {};
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const [stream, { shape, mean, std }] of Object.entries(tensors)) {
    const part = new Uint8Array(randomWeights({ seed, stream, mean, std, count: sizeOf(shape) }).buffer);
    header[stream] = { dtype: 'F32', shape, data_offsets: [end, end + part.byteLength] };
    end += part.byteLength;
    parts.push(part);
  }
  return Buffer.concat([...headOf(header), ...parts]);
}

/** Numbers in a tensor. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** Spaces at the end of the text leave the numbers on addresses that native code can load. */
function headOf(header: object): Uint8Array[] {
  const text = JSON.stringify(header);
  const bytes = new TextEncoder().encode(text + ' '.repeat(-text.length & 7));
  return [new Uint8Array(BigUint64Array.of(BigInt(bytes.byteLength)).buffer), bytes];
}
