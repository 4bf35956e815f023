import { readFile } from 'node:fs/promises';
import type { Model } from '@tttv2/factory';
import { feedAll } from '@tttv2/runtime';
import { CheckpointError, DoesNotFitError, type ModelSpec } from '@tttv2/spec';
import { Progress } from '../progress.ts';
import { UsageError } from '../usage-error.ts';
import { defaultText } from './default-text.ts';
import { PredictionScores, type Scores } from './prediction-scores.ts';
import { type Window, windowsOf } from './windows-of.ts';

/** What a window holds unless the model takes less. */
const usualContext = 1024;

export interface TextRequest {
  /** The name of the model, for messages. */
  model: string;
  /** A file; default: the text that comes with the command. */
  text: string | undefined;
  /** Tokens of a window. */
  context: number | undefined;
}

export interface Evaluation extends Scores {
  text: string;
  windows: number;
  context: number;
  /** `reference` and `acceptance` are no devices, and the numbers of the latter say nothing. */
  mode: Model['executable']['mode'];
  evalMs: number;
}

/**
 * Lets a model read a text in windows, and scores its prediction of each token from those before it in the window.
 * @throws UsageError, CheckpointError, DoesNotFitError for what cannot be read.
 */
export async function evaluateText(model: Model, request: TextRequest, signal: AbortSignal): Promise<Evaluation> {
  const { text = defaultText } = request;
  const context = contextOf(model.spec, request.context);
  if (model.tokenizer === null)
    throw new CheckpointError({ file: request.model, message: 'has no tokenizer, so it cannot read a text' });
  const windows = windowsOf(model.tokenizer, await readText(text), context);
  if (windows.length === 0) throw new UsageError(`--text: ${text} has fewer than two tokens: nothing to predict`);
  const start = performance.now();
  const scores = await score(model, windows, signal);
  const evalMs = performance.now() - start;
  return { text, windows: windows.length, context, mode: model.executable.mode, ...scores, evalMs };
}

async function score({ executable, spec }: Model, windows: readonly Window[], signal: AbortSignal): Promise<Scores> {
  const predictions = new PredictionScores();
  const progress = new Progress('reading', (tokens) => `${tokens} tokens`);
  const total = windows.reduce((sum, { length }) => sum + length, 0);
  const longest = Math.max(...windows.map(({ length }) => length));
  const state = executable.createState({ maxSequences: 1, totalTokens: longest, tokensPerSequence: longest });
  let read = 0;
  try {
    progress.update(0, total);
    for (const window of windows) {
      let at = 0;
      for await (const { data } of feedAll(executable, state, window, { signal })) {
        for (let row = 0; row < data.length; row += spec.vocabSize) {
          const next = window[++at];
          if (next !== undefined) predictions.add(data.subarray(row, row + spec.vocabSize), next);
        }
        progress.update(read + at, total);
      }
      read += window.length;
      state.release(0);
    }
  } finally {
    progress.end();
    state.dispose();
  }
  return predictions.scores;
}

function contextOf({ maxSeqLen }: ModelSpec, wanted: number | undefined): number {
  const longest = maxSeqLen ?? Number.POSITIVE_INFINITY;
  if (wanted === undefined) return Math.min(usualContext, longest);
  if (wanted <= longest) return wanted;
  const message = `--context: windows of ${wanted} tokens are wanted, but the model takes ${longest} (maxSeqLen)`;
  throw new DoesNotFitError({ message, wanted, available: longest, unit: 'tokens' });
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError(`--text: ${path} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}
