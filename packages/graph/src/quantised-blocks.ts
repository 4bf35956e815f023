import { fromFloat4E2m1, fromFloat8E8m0, fromFloat16 } from './small-floats.ts';

/** Decodes the block that begins at byte `at` into the elements of `out` from `to` on. */
export type BlockDecoder = (view: DataView, at: number, out: Float32Array, to: number) => void;

/**
 * ggml's blocks of 32: a half-precision scale d, for some a minimum m, then the codes q. The low nibbles of the 16 code
 * bytes are elements 0 to 15, the high ones 16 to 31; a fifth bit lies in a bit field of its own.
 * Source: `dequantize_row_*` in ggml's `ggml-quants.c`.
 */
export const quantisedBlocks = {
  q4_0(view, at, out, to) {
    const d = half(view, at);
    for (let i = 0; i < 32; i++) out[to + i] = d * (nibble(view, at + 2, i) - 8);
  },
  q4_1(view, at, out, to) {
    const [d, m] = [half(view, at), half(view, at + 2)];
    for (let i = 0; i < 32; i++) out[to + i] = d * nibble(view, at + 4, i) + m;
  },
  q5_0(view, at, out, to) {
    const d = half(view, at);
    for (let i = 0; i < 32; i++) out[to + i] = d * ((nibble(view, at + 6, i) | fifthBit(view, at + 2, i)) - 16);
  },
  q5_1(view, at, out, to) {
    const [d, m] = [half(view, at), half(view, at + 2)];
    for (let i = 0; i < 32; i++) out[to + i] = d * (nibble(view, at + 8, i) | fifthBit(view, at + 4, i)) + m;
  },
  q8_0(view, at, out, to) {
    const d = half(view, at);
    for (let i = 0; i < 32; i++) out[to + i] = d * view.getInt8(at + 2 + i);
  },
  /** An exponent in the place of the scale; the codes are floats of 4 bits. */
  mxfp4(view, at, out, to) {
    const d = fromFloat8E8m0(view.getUint8(at));
    for (let i = 0; i < 32; i++) out[to + i] = d * fromFloat4E2m1(nibble(view, at + 1, i));
  },
  /** 8 groups of 32 codes, each with a 6-bit scale and a 6-bit minimum; groups 2k and 2k + 1 share code bytes. */
  q4_k(view, at, out, to) {
    const [d, m] = [half(view, at), half(view, at + 2)];
    for (let group = 0; group < 8; group++) {
      const { scale, minimum } = scaleAndMinimum(view, at + 4, group);
      const codes = at + 16 + 32 * (group >> 1);
      const shift = 4 * (group & 1);
      for (let i = 0; i < 32; i++) {
        const code = (view.getUint8(codes + i) >> shift) & 0xf;
        out[to + 32 * group + i] = d * scale * code - m * minimum;
      }
    }
  },
  /** Two halves of 128: 64 bytes of low nibbles, 32 bytes of upper bit pairs, and 8 scales of 16 elements each. */
  q6_k(view, at, out, to) {
    const d = half(view, at + 208);
    for (let i = 0; i < 256; i++) {
      const [part, quarter, column] = [i >> 7, (i >> 5) & 3, i & 31];
      const low = view.getUint8(at + 64 * part + 32 * (quarter & 1) + column) >> (4 * (quarter >> 1));
      const high = view.getUint8(at + 128 + 32 * part + column) >> (2 * quarter);
      const code = (low & 0xf) | ((high & 3) << 4);
      out[to + i] = d * view.getInt8(at + 192 + (i >> 4)) * (code - 32);
    }
  },
} satisfies Record<string, BlockDecoder>;

function half(view: DataView, at: number): number {
  return fromFloat16(view.getUint16(at, true));
}

function nibble(view: DataView, codes: number, i: number): number {
  return i < 16 ? view.getUint8(codes + i) & 0xf : view.getUint8(codes + i - 16) >> 4;
}

function fifthBit(view: DataView, bits: number, i: number): number {
  return ((view.getUint32(bits, true) >>> i) & 1) << 4;
}

/** Twelve bytes hold eight scales and eight minima; the upper two bits of the last four lie in the first eight bytes. */
function scaleAndMinimum(view: DataView, at: number, group: number): { scale: number; minimum: number } {
  const byte = (i: number) => view.getUint8(at + i);
  if (group < 4) return { scale: byte(group) & 63, minimum: byte(group + 4) & 63 };
  return {
    scale: (byte(group + 4) & 0xf) | ((byte(group - 4) >> 6) << 4),
    minimum: (byte(group + 4) >> 4) | ((byte(group) >> 6) << 4),
  };
}
