const gamma = 0x9e3779b97f4a7c15n;

/**
 * Uniform numbers in [0, 1) of 53 bits: SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number
 * generators", 2014). The n-th is a hash of seed + n · gamma, so near seeds have nothing in common.
 */
export function uniformNumbers(seed: number): () => number {
  let counter = BigInt(seed);
  return () => {
    counter += gamma;
    return Number(mix(counter) >> 11n) / 2 ** 53;
  };
}

function mix(counter: bigint): bigint {
  let z = BigInt.asUintN(64, counter);
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return z ^ (z >> 31n);
}
