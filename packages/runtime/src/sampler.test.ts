import { describe, expect, test } from 'vitest';
import { LogitsError } from './logits-error.ts';
import { Sampler } from './sampler.ts';
import { greedy, type Sampling } from './sampling.ts';
import { chiSquare } from './testing/chi-square.ts';
import { definition, exactProbabilities, type Given, normalised, type Steps } from './testing/exact-probabilities.ts';
import { TokenHistory } from './token-history.ts';
import { uniformNumbers } from './uniform-numbers.ts';

const draws = 100_000;
/** The seeds are fixed, so a test that passes once passes always; a sampler that is wrong is far below this. */
const tooImprobable = 1e-4;

/** Twelve tokens with signs of both kinds, two that are equal, one that is impossible; some were in the prompt, some were generated. */
const few: Given = {
  logits: [0.5, 2, -1, 1.5, 0.75, -0.5, 2, 0, Number.NEGATIVE_INFINITY, -2, 1, 0.25],
  prompt: [1, 2, 2, 11],
  generated: [3, 3, 3, 5, 11],
};
/** Float32 exactly, as a model would give them. */
const many: Given = {
  logits: [...Float32Array.from({ length: 1000 }, (_, id) => 2.5 * Math.sin(id * id * 0.7) + Math.cos(id))],
  prompt: Array.from({ length: 300 }, (_, i) => (i * 7) % 1000),
  generated: Array.from({ length: 300 }, (_, i) => (i * i) % 1000),
};

const knobs: Partial<Sampling>[] = [
  {},
  { temperature: 0.6 },
  { temperature: 3 },
  { topK: 3 },
  { topP: 0.7 },
  { minP: 0.2 },
  { repetitionPenalty: 1.5 },
  { repetitionPenalty: 0.7 },
  { presencePenalty: 0.8 },
  { presencePenalty: -0.8 },
  { frequencyPenalty: 0.4 },
  { repetitionPenalty: 1.2, presencePenalty: 0.3, frequencyPenalty: 0.2 },
  { temperature: 1.5, topK: 6, topP: 0.8 },
  { topP: 0.8, minP: 0.3 },
  { repetitionPenalty: 1.3, frequencyPenalty: 0.1, temperature: 1.2, topK: 8, topP: 0.9, minP: 0.15, seed: 5 },
];
const knobsOfMany: Partial<Sampling>[] = [
  {},
  { topK: 40 },
  { topP: 0.5 },
  { minP: 0.1 },
  { repetitionPenalty: 1.3, presencePenalty: 0.5, frequencyPenalty: 0.25 },
  { repetitionPenalty: 1.1, frequencyPenalty: 0.1, temperature: 1.3, topK: 200, topP: 0.9, minP: 0.05, seed: 5 },
];

function complete(knob: Partial<Sampling>): Sampling {
  return { ...greedy, temperature: 1, seed: 11, ...knob };
}

function historyOf({ prompt, generated }: Given): TokenHistory {
  const history = new TokenHistory(prompt);
  for (const id of generated) history.add(id);
  return history;
}

/** How probable draws of the sampler are, were it to draw by `probabilities`. */
function pValue(given: Given, sampling: Sampling, probabilities: readonly number[]): number {
  const [sampler, history, logits] = [new Sampler(sampling), historyOf(given), Float32Array.from(given.logits)];
  return pValueOf(() => sampler.next(logits, history), probabilities);
}

function pValueOf(draw: () => number, probabilities: readonly number[]): number {
  const counts = probabilities.map(() => 0);
  for (let i = 0; i < draws; i++) {
    const id = draw();
    counts[id] = (counts[id] ?? 0) + 1;
  }
  return chiSquare(counts, probabilities);
}

describe('100,000 draws are as the definition has it', () => {
  test.each(knobs)('of 12 tokens by %j', (knob) => {
    const sampling = complete(knob);
    expect(pValue(few, sampling, exactProbabilities(few, sampling))).toBeGreaterThan(tooImprobable);
  });

  test.each(knobsOfMany)(
    'of 1000 tokens by %j',
    (knob) => {
      const sampling = complete(knob);
      expect(pValue(many, sampling, exactProbabilities(many, sampling))).toBeGreaterThan(tooImprobable);
    },
    60_000,
  );
});

describe('the check can fail', () => {
  test.each<[string, Partial<Sampling>, Partial<Sampling>]>([
    ['top-k keeps one more', { topK: 3 }, { topK: 4 }],
    ['top-k keeps one less', { topK: 3 }, { topK: 2 }],
    ['a temperature multiplies', { temperature: 2 }, { temperature: 0.5 }],
    ['a repetition penalty has the wrong sign', { repetitionPenalty: 1.5 }, { repetitionPenalty: 1 / 1.5 }],
    ['a presence penalty has the wrong sign', { presencePenalty: 0.5 }, { presencePenalty: -0.5 }],
    ['a frequency penalty counts once', { frequencyPenalty: 0.4 }, { presencePenalty: 0.4 }],
    ['a temperature is off by a twentieth', {}, { temperature: 1.05 }],
  ])('when %s', (_, asked, done) => {
    expect(pValue(few, complete(done), exactProbabilities(few, complete(asked)))).toBeLessThan(tooImprobable);
  });

  const unsorted: Steps['topP'] = (probabilities, p) => {
    let before = 0;
    return normalised(
      probabilities.map((own) => {
        const isKept = before < p;
        before += own;
        return isKept ? own : 0;
      }),
    );
  };
  const wrongSteps: [string, Partial<Sampling>, Partial<Steps>][] = [
    ['top-p does not sort', { topP: 0.7 }, { topP: unsorted }],
    ['min-p is absolute', { minP: 0.2 }, { minP: (all, p) => normalised(all.map((own) => (own >= p ? own : 0))) }],
    [
      'min-p goes before top-p',
      { topP: 0.8, minP: 0.3 },
      { topP: (all, p) => definition.topP(definition.minP(all, 0.3), p) },
    ],
    [
      'the prompt counts as generated',
      { frequencyPenalty: 0.4 },
      {
        penalise: (given, sampling) =>
          definition.penalise({ ...given, generated: [...given.prompt, ...given.generated] }, sampling),
      },
    ],
    [
      'a repetition penalty forgets the prompt',
      { repetitionPenalty: 1.5 },
      { penalise: (given, sampling) => definition.penalise({ ...given, prompt: [] }, sampling) },
    ],
  ];
  test.each(wrongSteps)('when %s', (_, knob, steps) => {
    const sampling = complete(knob);
    const [right, wrong] = [exactProbabilities(few, sampling), exactProbabilities(few, sampling, steps)];
    const uniform = uniformNumbers(11);
    const drawWrongly = () => {
      let left = uniform();
      return wrong.findIndex((probability) => {
        left -= probability;
        return left < 0;
      });
    };
    expect(pValueOf(drawWrongly, right)).toBeLessThan(tooImprobable);
  });
});

const nothing = new TokenHistory([]);

function drawn(logits: readonly number[], knob: Partial<Sampling> = {}, count = 200): number[] {
  const sampler = new Sampler(complete(knob));
  return Array.from({ length: count }, () => sampler.next(Float32Array.from(logits), nothing));
}

test('the same seed repeats, another does not', () => {
  const logits = [1, 2, 3, 2];
  for (const seed of [0, -1, 2 ** 40]) {
    expect(drawn(logits, { seed })).toEqual(drawn(logits, { seed }));
    expect(drawn(logits, { seed })).not.toEqual(drawn(logits, { seed: seed + 1 }));
    expect(drawn(logits, { seed })).not.toEqual(drawn(logits, { seed: seed + 2 ** 32 }));
  }
});

test('temperature 0 takes the likeliest token after penalties, the lowest of equals', () => {
  const sampler = new Sampler({ ...greedy, presencePenalty: 2, topK: 3 });
  const history = new TokenHistory([2]);
  const next = () => sampler.next(Float32Array.of(0, 3, 4, 3), history);
  expect(next()).toBe(2);
  history.add(2);
  expect(next()).toBe(1);
});

test('of equals top-k and top-p keep the lowest ids', () => {
  const equal = Array.from({ length: 10 }, () => 1);
  expect(new Set(drawn(equal, { topK: 3 }))).toEqual(new Set([0, 1, 2]));
  expect(new Set(drawn(equal, { topP: 0.3 }))).toEqual(new Set([0, 1, 2]));
  expect(new Set(drawn(equal, { minP: 1 })).size).toBe(10);
});

test.each<[string, number[], Partial<Sampling>, number[]]>([
  ['one token', [3], { topK: 5, topP: 0.5, minP: 0.5 }, [0]],
  ['k beyond the vocabulary', [0, 0, 0], { topK: 1000 }, [0, 1, 2]],
  ['a tiny p', [1, 2, 1.5], { topP: Number.MIN_VALUE }, [1]],
  ['a tiny temperature', [1, 2, 1.999], { temperature: 1e-6 }, [1]],
  ['a tiny temperature and equals', [2, 1, 2], { temperature: 1e-6 }, [0, 2]],
  ['the tiniest temperature', [-3e38, 3e38, 1], { temperature: Number.MIN_VALUE }, [1]],
  ['a huge temperature', [-50, 50, Number.NEGATIVE_INFINITY], { temperature: 1e6 }, [0, 1]],
  ['huge logits', [3e38, -3e38, 3e38], {}, [0, 2]],
  ['very negative logits', [-3e38, -3e38, Number.NEGATIVE_INFINITY], {}, [0, 1]],
  ['one possible token', [Number.NEGATIVE_INFINITY, -1e30, Number.NEGATIVE_INFINITY], { topK: 2 }, [1]],
])('%s: only what is possible is drawn', (_, logits, knob, possible) => {
  expect([...new Set(drawn(logits, knob))].sort()).toEqual(possible);
});

test.each([
  ['the logit of token 1 is NaN', [0, Number.NaN, 1]],
  ['the logit of token 2 is Infinity', [0, 1, Number.POSITIVE_INFINITY]],
  ['no logit is above -Infinity', [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]],
])('%s: an error, not a token', (message, logits) => {
  for (const temperature of [0, 1]) {
    expect(() => drawn(logits, { temperature })).toThrow(LogitsError);
    expect(() => drawn(logits, { temperature })).toThrow(message);
  }
});
