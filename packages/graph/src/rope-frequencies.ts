import type { RopeSpec } from '@tttv2/spec';

export interface RopeFrequencies {
  /** Radians a position, one for each pair of rotated dimensions. */
  inverse: Float64Array;
  /** Multiplies cosine and sine. */
  attentionFactor: number;
}

/**
 * Rotary frequencies of a call whose longest position is `seqLen - 1`.
 * Source of every formula: Hugging Face transformers, `modeling_rope_utils.py`.
 */
export function ropeFrequencies(rope: RopeSpec, seqLen: number): RopeFrequencies {
  const { theta, rotaryDim, scaling } = rope;
  const plain = powers(theta, rotaryDim);
  switch (scaling.kind) {
    case 'default':
      return { inverse: plain, attentionFactor: 1 };
    case 'linear':
      return { inverse: plain.map((f) => f / scaling.factor), attentionFactor: 1 };
    case 'dynamic':
      return { inverse: powers(dynamicBase(theta, rotaryDim, scaling, seqLen), rotaryDim), attentionFactor: 1 };
    case 'llama3':
      return { inverse: plain.map((f) => llama3(f, scaling)), attentionFactor: 1 };
    case 'yarn':
      return { inverse: yarn(plain, theta, rotaryDim, scaling), attentionFactor: scaling.attentionFactor };
    case 'factors':
      return { inverse: divide(plain, scaling.factors), attentionFactor: scaling.attentionFactor };
    case 'longrope': {
      const factors = seqLen > scaling.originalMaxSeqLen ? scaling.longFactors : scaling.shortFactors;
      return { inverse: divide(plain, factors), attentionFactor: scaling.attentionFactor };
    }
  }
}

type Scaling<Kind extends RopeSpec['scaling']['kind']> = Extract<RopeSpec['scaling'], { kind: Kind }>;

/** θ^(-2i/d) for i = 0 … d/2 - 1. */
function powers(theta: number, dim: number): Float64Array {
  return Float64Array.from({ length: dim / 2 }, (_, i) => theta ** ((-2 * i) / dim));
}

function divide(frequencies: Float64Array, divisors: readonly number[]): Float64Array {
  return frequencies.map((frequency, i) => frequency / (divisors[i] ?? 1));
}

/** NTK by length: the base grows once a call is longer than the model was trained on. */
function dynamicBase(theta: number, dim: number, scaling: Scaling<'dynamic'>, seqLen: number): number {
  const { factor, originalMaxSeqLen } = scaling;
  const length = Math.max(seqLen, originalMaxSeqLen);
  return theta * ((factor * length) / originalMaxSeqLen - (factor - 1)) ** (dim / (dim - 2));
}

/** Long wavelengths are divided, short ones kept, those between blended. */
function llama3(frequency: number, scaling: Scaling<'llama3'>): number {
  const { factor, lowFreqFactor, highFreqFactor, originalMaxSeqLen } = scaling;
  const wavelength = (2 * Math.PI) / frequency;
  if (wavelength > originalMaxSeqLen / lowFreqFactor) return frequency / factor;
  if (wavelength < originalMaxSeqLen / highFreqFactor) return frequency;
  const smooth = (originalMaxSeqLen / wavelength - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
  return ((1 - smooth) * frequency) / factor + smooth * frequency;
}

/** YaRN (arXiv:2309.00071): a ramp over the dimensions from kept frequencies to divided ones. */
function yarn(plain: Float64Array, theta: number, dim: number, scaling: Scaling<'yarn'>): Float64Array {
  const { factor, originalMaxSeqLen, betaFast, betaSlow, truncate } = scaling;
  const dimensionOf = (rotations: number) =>
    (dim * Math.log(originalMaxSeqLen / (rotations * 2 * Math.PI))) / (2 * Math.log(theta));
  const [from, to] = [dimensionOf(betaFast), dimensionOf(betaSlow)];
  const low = Math.max(truncate ? Math.floor(from) : from, 0);
  const high = Math.min(truncate ? Math.ceil(to) : to, dim - 1);
  const width = high === low ? 0.001 : high - low;
  return plain.map((frequency, i) => {
    const divided = Math.min(Math.max((i - low) / width, 0), 1);
    return (frequency / factor) * divided + frequency * (1 - divided);
  });
}
