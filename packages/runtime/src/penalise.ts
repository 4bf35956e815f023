import type { Sampling } from './sampling.ts';
import type { TokenHistory } from './token-history.ts';

type Penalties = Pick<Sampling, 'repetitionPenalty' | 'presencePenalty' | 'frequencyPenalty'>;

/** Changes the logits of tokens that the sequence holds. */
export function penalise(logits: Float64Array, history: TokenHistory, penalties: Penalties): void {
  const { repetitionPenalty, presencePenalty, frequencyPenalty } = penalties;
  const change = (id: number, changed: (logit: number) => number) => {
    const logit = logits[id];
    if (logit !== undefined) logits[id] = changed(logit);
  };
  // Dividing a negative logit would make its token likelier.
  const repeated = (logit: number) => (logit < 0 ? logit * repetitionPenalty : logit / repetitionPenalty);
  if (repetitionPenalty !== 1) for (const id of history.seen) change(id, repeated);
  if (presencePenalty !== 0 || frequencyPenalty !== 0)
    for (const [id, count] of history.generated)
      change(id, (logit) => logit - frequencyPenalty * count - presencePenalty);
}
