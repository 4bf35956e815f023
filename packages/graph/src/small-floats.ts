/** The number of an IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The number of a float8 E5M2: the upper byte of a binary16. */
export function fromFloat8E5m2(bits: number): number {
  return fromFloat16(bits << 8);
}

/**
 * The number of a float8 E4M3 in its FN variant (PyTorch, safetensors): bias 7, no infinities, all ones is NaN.
 * Source: arXiv:2209.05433, table 1.
 */
export function fromFloat8E4m3(bits: number): number {
  const sign = bits & 0x80 ? -1 : 1;
  const exponent = (bits >> 3) & 0xf;
  const fraction = bits & 7;
  if (exponent === 0xf && fraction === 7) return Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -9 : sign * (8 + fraction) * 2 ** (exponent - 10);
}

/**
 * The number of a float8 E8M0, a scale: 8 exponent bits (bias 127) and nothing else; all ones is NaN.
 * Source: OCP Microscaling Formats (MX) specification 1.0, section 5.4.1.
 */
export function fromFloat8E8m0(bits: number): number {
  return bits === 0xff ? Number.NaN : 2 ** (bits - 127);
}

/**
 * The number of a float4 E2M1: 1 sign, 2 exponent (bias 1), 1 fraction bit.
 * Source: OCP Microscaling Formats (MX) specification 1.0, section 5.3.3.
 */
export function fromFloat4E2m1(bits: number): number {
  const sign = bits & 8 ? -1 : 1;
  const exponent = (bits >> 1) & 3;
  const fraction = bits & 1;
  return exponent === 0 ? (sign * fraction) / 2 : sign * (2 + fraction) * 2 ** (exponent - 2);
}
