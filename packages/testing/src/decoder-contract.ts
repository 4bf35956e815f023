import { DoesNotFitError, RequestError } from '@tttv2/spec';
import type { ContractCase } from './contract-case.ts';
import { expectClose } from './expect-close.ts';
import { expectRejection } from './expect-rejection.ts';
import { type BackendUnderTest, type SideBySide, type SideBySideOptions, sideBySide } from './side-by-side.ts';
import { tinyDecoder } from './tiny-decoder.ts';

/** A whole decoder through all that a state and a step can do. */
export function decoderContract(under: BackendUnderTest): ContractCase[] {
  const decoder = tinyDecoder();
  const promise = (
    name: string,
    body: (both: SideBySide) => Promise<void>,
    { needs = [], ...options }: Partial<SideBySideOptions> & Pick<ContractCase, 'needs'> = {},
  ): ContractCase => ({
    name: `decoder: ${name}`,
    needs,
    run: () => sideBySide(under, { ...decoder, ...options }, body),
  });
  const { scopes, vocabSize } = decoder;
  const dynamic = tinyDecoder({
    rope: {
      theta: 10000,
      rotaryDim: 8,
      layout: 'interleaved',
      scaling: { kind: 'dynamic', factor: 2, originalMaxSeqLen: 6 },
    },
  });
  const prompt = [5, 17, 3, 39, 0, 8, 21, 11];

  return [
    promise('prefill, then decode', async (both) => {
      await both.run([{ slot: 0, ids: prompt }], { logits: [7] });
      for (const id of [2, 30, 2, 2]) await both.run([{ slot: 0, ids: [id] }], { logits: [0] });
    }),
    promise('the output of every scope that is tapped', async (both) => {
      await both.run([{ slot: 0, ids: prompt }], { logits: [7], taps: scopes });
      await both.run([{ slot: 0, ids: [1] }], { taps: [...scopes, 'finalNorm', 'lmHead'], logits: [0] });
      await both.run([{ slot: 0, ids: [4] }], { taps: ['layers.1'] });
    }),
    promise('a tap of rows that nobody wants is empty', async (both) => {
      await both.run([{ slot: 0, ids: prompt }], { taps: ['finalNorm', 'layers.0'] });
    }),
    promise('logits of some rows, of none, of all, in any order', async (both) => {
      await both.run([{ slot: 0, ids: prompt }], { logits: [6, 0, 3, 3] });
      await both.run([{ slot: 0, ids: prompt }]);
      await both.run([{ slot: 0, ids: prompt }], { logits: prompt.map((_, i) => i) });
    }),
    promise(
      'sequences of unequal length in one step, some at their start, some decoding',
      async (both) => {
        await both.run(
          [
            { slot: 2, ids: prompt },
            { slot: 0, ids: [7, 7, 9] },
          ],
          { logits: [7, 10] },
        );
        await both.run(
          [
            { slot: 0, ids: [1] },
            { slot: 1, ids: prompt },
            { slot: 2, ids: [2] },
          ],
          { logits: [9, 0, 8], taps: scopes },
        );
      },
      { needs: ['mixedPhases'] },
    ),
    promise(
      'sequences in one step whose rotary frequencies depend on their length',
      async (both) => {
        await both.run(
          [
            { slot: 0, ids: prompt },
            { slot: 1, ids: [7, 7, 9] },
          ],
          { logits: [10, 7, 0], taps: dynamic.scopes },
        );
        await both.run(
          [
            { slot: 1, ids: [1, 4] },
            { slot: 0, ids: [2] },
          ],
          { logits: [2] },
        );
      },
      { ...dynamic, needs: ['mixedPhases'] },
    ),
    promise('a prompt in chunks gives what the whole prompt gives', async (both) => {
      const whole = await both.run([{ slot: 0, ids: prompt }], { logits: [7] });
      const expected = whole.logits && { ...whole.logits, data: whole.logits.data.slice() };
      await both.run([{ slot: 1, ids: prompt.slice(0, 3) }]);
      await both.run([{ slot: 1, ids: prompt.slice(3, 4) }]);
      const chunked = await both.run([{ slot: 1, ids: prompt.slice(4) }], { logits: [3] });
      if (expected === null || chunked.logits === null) throw new Error('no logits');
      expectClose(chunked.logits, expected, under.tolerance, 'logits');
    }),
    promise(
      'truncate, and go on in another way',
      async (both) => {
        await both.run([{ slot: 0, ids: prompt }], { logits: [7] });
        expectTrue(
          'truncate',
          both.change((state) => state.truncate(0, 3)),
        );
        both.expectSameLengths([0]);
        await both.run([{ slot: 0, ids: [38, 1] }], { logits: [0, 1] });
        expectTrue(
          'truncate',
          both.change((state) => state.truncate(0, 50)),
        );
        await both.run([{ slot: 0, ids: [2] }], { logits: [0] });
      },
      { needs: ['rollback'] },
    ),
    promise(
      'fork, and diverge',
      async (both) => {
        await both.run([{ slot: 0, ids: prompt }]);
        await both.run([{ slot: 3, ids: [1, 2, 3] }]);
        expectTrue(
          'fork',
          both.change((state) => state.fork(0, 3, 5)),
        );
        both.expectSameLengths([0, 3]);
        await both.run([{ slot: 3, ids: [20] }], { logits: [0] });
        await both.run([{ slot: 0, ids: [10] }], { logits: [0] });
        both.change((state) => state.release(0));
        await both.run([{ slot: 3, ids: [6, 6] }], { logits: [1] });
        await both.run([{ slot: 0, ids: prompt.toReversed() }], { logits: [7] });
        await both.run([{ slot: 3, ids: [9] }], { logits: [0] });
      },
      { needs: ['fork'] },
    ),
    promise('release, and use the slot again', async (both) => {
      await both.run([{ slot: 1, ids: prompt }], { logits: [7] });
      both.change((state) => state.release(1));
      both.expectSameLengths([1]);
      await both.run([{ slot: 1, ids: [12, 13] }], { logits: [1] });
    }),
    promise(
      'a released sequence makes room for another',
      async (both) => {
        for (let i = 0; i < 6; i++) {
          await both.run([{ slot: i % 2, ids: prompt }], { logits: [7] });
          both.change((state) => state.release(i % 2));
        }
      },
      { state: { maxSequences: 2, totalTokens: prompt.length, tokensPerSequence: prompt.length } },
    ),
    promise(
      'a full context is refused, and stays as it was',
      async (both) => {
        await both.run([{ slot: 0, ids: prompt }]);
        await expectRefusedLength(both, 0, prompt);
        await both.run([{ slot: 0, ids: [2, 4] }], { logits: [1] });
        await expectRefusedLength(both, 0, [1]);
      },
      { state: { maxSequences: 2, totalTokens: 20, tokensPerSequence: 10 } },
    ),
    promise(
      'a full cache is refused, and stays as it was',
      async (both) => {
        await both.run([{ slot: 0, ids: prompt }]);
        await expectRefusedLength(both, 1, prompt);
        await both.run([{ slot: 1, ids: [2, 4] }], { logits: [1] });
        await expectRefusedLength(both, 1, [1]);
      },
      { state: { maxSequences: 2, totalTokens: 10, tokensPerSequence: 10 } },
    ),
    promise('a step that contradicts itself is refused by the name of its field', async (both) => {
      await both.run([{ slot: 0, ids: prompt }]);
      const good = both.step([{ slot: 0, ids: [1, 2] }], { logits: [1] });
      const bad: [field: string, change: Partial<typeof good>][] = [
        ['tokens', { tokens: new Int32Array(), positions: new Int32Array(), sequences: [], want: {} }],
        ['tokens[1]', { tokens: Int32Array.of(1, vocabSize) }],
        ['tokens[0]', { tokens: Int32Array.of(-1, 1) }],
        ['positions', { positions: Int32Array.of(8) }],
        ['positions[0]', { positions: Int32Array.of(-1, 0) }],
        ['want.logits[0]', { want: { logits: Int32Array.of(2) } }],
        ['want.logits[1]', { want: { logits: Int32Array.of(0, -1) } }],
        ['want.taps', { want: { taps: ['layers.7'] } }],
        ['sequences[0]', { sequences: [{ slot: 4, from: 0, count: 2 }] }],
        ['sequences[0]', { sequences: [{ slot: -1, from: 0, count: 2 }] }],
        ['sequences[0]', { sequences: [{ slot: 0.5, from: 0, count: 2 }] }],
        ['sequences[0]', { sequences: [{ slot: 0, from: 1, count: 1 }] }],
        ['sequences[0]', { sequences: [{ slot: 0, from: 0, count: 0 }] }],
        ['sequences', { sequences: [{ slot: 0, from: 0, count: 1 }] }],
        ['sequences', { sequences: [{ slot: 0, from: 0, count: 3 }] }],
        [
          'sequences[1]',
          {
            sequences: [
              { slot: 0, from: 0, count: 1 },
              { slot: 0, from: 1, count: 1 },
            ],
          },
        ],
      ];
      for (const [field, change] of bad) {
        const run = () => both.executable.run(both.state, { ...good, ...change });
        const error = await expectRejection(run, RequestError.isInstance, `a RequestError for ${field}`);
        if (error.field !== field) throw new Error(`expected an error about ${field}, found ${error.message}`);
        both.expectSameLengths([0, 1, 2, 3]);
      }
      await both.run([{ slot: 0, ids: [1, 2] }], { logits: [1] });
    }),
  ];
}

/** Adding these tokens must fail for want of room, and change nothing. */
async function expectRefusedLength(both: SideBySide, slot: number, ids: readonly number[]): Promise<void> {
  const run = () => both.executable.run(both.state, both.step([{ slot, ids }]));
  await expectRejection(run, DoesNotFitError.isInstance, 'a DoesNotFitError');
  both.expectSameLengths([0, 1]);
}

function expectTrue(what: string, answer: boolean): void {
  if (!answer) throw new Error(`${what} answered false, though the backend is said to do it`);
}
