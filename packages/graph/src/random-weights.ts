/**
 * Normal numbers that any language can make again: no state, 32-bit integers until the last step. Element i of a stream
 * depends on (seed, stream, i) alone. All integer operations are modulo 2^32:
 *
 *     mix(x):  x ^= x >> 16;  x *= 0x7feb352d;  x ^= x >> 15;  x *= 0x846ca68b;  x ^= x >> 16   ("lowbias32")
 *     key     = mix(mix(seed) ^ fnv1a(UTF-8 bytes of stream))                                    (FNV-1a, 32 bits)
 *     word(n) = mix(mix(n + 0x9e3779b9) ^ key)
 *
 * Elements 2j and 2j + 1 are a Box–Muller pair, in double precision:
 *
 *     u = (word(2j) + 1) / 2^32            in (0, 1]
 *     v = word(2j + 1) / 2^32              in [0, 1)
 *     r = sqrt(-2 ln u)
 *     element 2j = r cos(2πv),  element 2j + 1 = r sin(2πv)
 *
 * Each is then scaled, `mean + std * element`, and rounded to float32. Hosts whose ln, cos and sin differ in their last
 * bit agree to one float32 step. Sources: Chris Wellons, "Prospecting for Hash Functions" (lowbias32);
 * Fowler–Noll–Vo 1a; Box and Muller 1958.
 */
export function randomWeights(options: {
  /** 0 … 2^32 - 1. */
  seed: number;
  /** One name for each tensor. */
  stream: string;
  mean: number;
  std: number;
  /** Elements, up to 2^32. */
  count: number;
}): Float32Array {
  const { mean, std, count } = options;
  const key = mix(mix(options.seed) ^ fnv1a(options.stream));
  const out = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log((word(key, i) + 1) / 2 ** 32));
    const angle = (2 * Math.PI * word(key, i + 1)) / 2 ** 32;
    out[i] = mean + std * radius * Math.cos(angle);
    // Beyond the end, when the count is odd, this does nothing.
    out[i + 1] = mean + std * radius * Math.sin(angle);
  }
  return out;
}

function word(key: number, n: number): number {
  return mix(mix(n + 0x9e3779b9) ^ key) >>> 0;
}

function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}

function fnv1a(text: string): number {
  return new TextEncoder().encode(text).reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5 | 0);
}
