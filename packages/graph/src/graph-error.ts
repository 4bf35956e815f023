import { TttError } from '@tttv2/spec';

/** A graph that means nothing: a wrong shape, an unknown name, a scope that is torn apart. */
export class GraphError extends TttError {
  readonly code = 'TTT_GRAPH';
  override readonly name = 'GraphError';
  /** Node id, parameter or output that is wrong. */
  readonly where: string;
  /** Scope of the node, e.g. `layers.3/mixer`; empty outside of one. */
  readonly scope: string;

  constructor(facts: { where: string; scope?: string; message: string; cause?: unknown }) {
    const scope = facts.scope ? ` in ${facts.scope}` : '';
    super(`${facts.where}${scope}: ${facts.message}`, { cause: facts.cause });
    this.where = facts.where;
    this.scope = facts.scope ?? '';
  }
}
