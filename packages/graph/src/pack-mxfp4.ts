const codeBytes = 16;

/**
 * Codes, 16 bytes for each exponent, as ggml's blocks: the exponent, then 16 bytes whose low nibbles are elements 0 to 15
 * and whose high ones are 16 to 31. There the codes of neighbours share a byte, the first of them below.
 */
export function packMxfp4(codes: Uint8Array, exponents: Uint8Array): Uint8Array {
  const block = 1 + codeBytes;
  const out = new Uint8Array(exponents.length * block);
  exponents.forEach((exponent, i) => {
    out[i * block] = exponent;
    for (let j = 0; j < codeBytes; j++) {
      const code = (element: number) => ((codes[i * codeBytes + (element >> 1)] ?? 0) >> (4 * (element & 1))) & 0xf;
      out[i * block + 1 + j] = code(j) | (code(j + codeBytes) << 4);
    }
  });
  return out;
}
