import { type Blame, TttError } from '@tttv2/spec';

/** Logits that say nothing of the next token: one is NaN or +Infinity, or none is above -Infinity. */
export class LogitsError extends TttError {
  readonly code = 'TTT_LOGITS';
  override readonly name = 'LogitsError';
  override readonly blame: Blame = 'fault';
  /** The first token whose logit is wrong; null when all are impossible. */
  readonly tokenId: number | null;

  constructor(facts: { tokenId: number; logit: number } | { tokenId: null }) {
    const found =
      facts.tokenId === null ? 'no logit is above -Infinity' : `the logit of token ${facts.tokenId} is ${facts.logit}`;
    super(
      `${found}, so there is no next token to choose: a weight may hold such a number, or a type be too narrow for the model (try weightDtype float32)`,
    );
    this.tokenId = facts.tokenId;
  }
}
