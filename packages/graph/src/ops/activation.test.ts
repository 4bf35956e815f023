import { expect, test } from 'vitest';
import { activationFunctions } from './activation.ts';

/** x, gelu(x) by Python's math.erf and, left of -3, math.erfc. */
const exact: readonly (readonly [number, number])[] = [
  [-9, -1.015729565358458e-18],
  [-6.5, -2.6104003795084313e-10],
  [-3, -0.004049694094890287],
  [-2.5, -0.015524163314440398],
  [-1, -0.15865525393145707],
  [-0.1, -0.0460172162722971],
  [0, 0.0],
  [0.1, 0.053982783727702904],
  [1, 0.8413447460685429],
  [2.4999, 2.4843720752044756],
  [2.5, 2.4844758366855597],
  [3, 2.99595030590511],
  [5, 4.999998566742141],
  [9, 9.0],
];

test('gelu is exact to float32 on both sides of where its series gives way to the fraction', () => {
  for (const [x, expected] of exact) expect(Math.abs(activationFunctions.gelu(x) - expected)).toBeLessThan(1e-14);
});

test('the other functions at one', () => {
  const { silu, gelu_tanh: tanhGelu, relu } = activationFunctions;
  // 1 / (1 + 1/e); PyTorch's gelu(approximate='tanh').
  expect(silu(1)).toBeCloseTo(0.7310585786300049, 15);
  expect(tanhGelu(1)).toBeCloseTo(0.8411919906082768, 15);
  expect([relu(-2), relu(2)]).toEqual([0, 2]);
});

test('the tanh approximation is near the exact form', () => {
  for (let x = -6; x <= 6; x += 0.25)
    expect(Math.abs(activationFunctions.gelu(x) - activationFunctions.gelu_tanh(x))).toBeLessThan(5e-4);
});
