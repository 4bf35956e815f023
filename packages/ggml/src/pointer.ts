/** An address in native memory. Nothing keeps it alive: whoever made it frees it. */
export type Pointer = bigint;

/** A native result that must not be null. */
export function present(pointer: Pointer | null, what: string): Pointer {
  if (pointer === null || pointer === 0n) throw new Error(`ggml: ${what} failed`);
  return pointer;
}
