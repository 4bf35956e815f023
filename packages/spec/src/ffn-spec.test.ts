import { expect, test } from 'vitest';
import { activationTypeSchema, ffnSpec } from './ffn-spec.ts';

const dims = { hiddenDim: 8, intermediateDim: 24 };

test('the seed’s defaults of a network', () => {
  expect(ffnSpec(dims)).toEqual({
    kind: 'dense',
    ...dims,
    activation: 'silu',
    useGate: true,
    useBias: false,
    innerNorm: null,
    innerLimit: null,
    upOffset: 0,
  });
});

test('swish is another name of silu; all others stay', () => {
  expect(ffnSpec({ ...dims, activation: 'swish' }).activation).toBe('silu');
  for (const activation of activationTypeSchema.options)
    expect(ffnSpec({ ...dims, activation }).activation).toBe(activation);
});

test.each([
  [{ hiddenDim: 0 }, 'hiddenDim'],
  [{ intermediateDim: 2.5 }, 'intermediateDim'],
  [{ innerLimit: 0 }, 'innerLimit'],
  [{ useGate: false, innerLimit: 7 }, 'innerLimit'],
  [{ useGate: false, upOffset: 1 }, 'upOffset'],
])('%j is an error at %s', (wrong, path) => {
  expect(() => ffnSpec({ ...dims, ...wrong })).toThrow(expect.objectContaining({ path }));
});
