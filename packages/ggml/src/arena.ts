import koffi from 'koffi';
import type { Binding } from './binding.ts';
import { type Pointer, present } from './pointer.ts';

/** Room for the headers of `tensors` tensors and a graph of `graphNodes` nodes; their numbers lie in buffers elsewhere. */
export function newArena(g: Binding, tensors: number, graphNodes = 0): Pointer {
  const graph = graphNodes > 0 ? g.graphOverheadCustom(graphNodes, false) : 0;
  const params = { mem_size: g.tensorOverhead() * (tensors + 1) + graph, mem_buffer: null, no_alloc: true };
  return present(g.init(params), 'allocating tensor headers');
}

/** A row-major shape as ggml's four sizes, fastest first. */
export function sizesOf(shape: readonly number[]): [number, number, number, number] {
  const [a = 1, b = 1, c = 1, d = 1] = shape.toReversed();
  return [a, b, c, d];
}

/** Bytes of native memory at `address`. They must not be touched once the memory is freed. */
export function nativeBytes(address: Pointer, length: number): Uint8Array {
  return new Uint8Array(koffi.view(address, length));
}
