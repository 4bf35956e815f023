import type { Evaluation } from './evaluate-text.ts';

/** An evaluation for people. */
export function showEvaluation(evaluation: Evaluation): string {
  const { text, tokens, windows, context, mode, perplexity, perplexityError, top1, top5, evalMs } = evaluation;
  const percent = (part: number) => `${(100 * part).toFixed(2)} %`;
  return [
    `perplexity  ${perplexity.toFixed(4)} ± ${perplexityError.toFixed(4)}`,
    `top-1       ${percent(top1)}`,
    `top-5       ${percent(top5)}`,
    `${tokens} tokens of ${text}, ${windows} × ${context}; ${((1000 * tokens) / evalMs).toFixed(1)} tokens/s`,
    ...(mode === 'device' ? [] : [`computed in mode "${mode}", not on a device`]),
  ].join('\n');
}
