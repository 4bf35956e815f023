import type { Statement, Value } from './python.ts';
import { valuesIn } from './python.ts';

/** A part of the program that becomes a function: one block of the model. */
export interface Block {
  /** Where in the model; empty for all of it. */
  scope: string;
  items: readonly (Statement | Block)[];
  /** Values made elsewhere that it reads. */
  inputs: readonly Value[];
  /** Values made in it that are read elsewhere. */
  outputs: readonly Value[];
}

export function isBlock(item: Statement | Block): item is Block {
  return 'items' in item;
}

/**
 * Statements as blocks within blocks. `results` are the values that the program gives out. A block is a function of its
 * own when it stands in a row of its kind (`layers.3`), when it is long, or when somebody wants its output, which `tapped`
 * holds by scope.
 */
export function blockTree(
  statements: readonly Statement[],
  results: readonly Value[],
  tapped: ReadonlyMap<string, Value>,
): Block {
  const build = (scope: string, from: number, to: number): Block => {
    const items: (Statement | Block)[] = [];
    for (let at = from; at < to; ) {
      const child = childScope(statements[at]?.scope ?? '', scope);
      const end = child === null ? at + 1 : endOf(child, at, to);
      const inner = child === null ? null : build(child, at, end);
      if (inner !== null && isFunction(inner, end - at)) items.push(inner);
      else items.push(...(inner === null ? statements.slice(at, end) : inner.items));
      at = end;
    }
    const { inputs, outputs } = flow(from, to);
    // Nobody else may read it, e.g. where every row stays and none has to be looked up.
    const wanted = tapped.get(scope);
    return { scope, items, inputs, outputs: outputs.length === 0 && wanted !== undefined ? [wanted] : outputs };
  };
  const endOf = (scope: string, from: number, limit: number): number => {
    let end = from;
    while (end < limit && isWithin(statements[end]?.scope ?? '', scope)) end++;
    return end;
  };
  const flow = (from: number, to: number): Pick<Block, 'inputs' | 'outputs'> => {
    const inside = statements.slice(from, to);
    const made = new Set(inside.flatMap((statement) => statement.results));
    const read = inside.flatMap(({ expr }) => valuesIn(expr));
    const readLater = new Set([...statements.slice(to).flatMap(({ expr }) => valuesIn(expr)), ...results]);
    return {
      inputs: [...new Set(read.filter((value) => !made.has(value)))],
      outputs: [...made].filter((value) => readLater.has(value)),
    };
  };
  const isFunction = ({ scope, outputs }: Block, length: number): boolean =>
    outputs.length === 1 && (tapped.has(scope) || /^[^/]*\.\d+$/.test(scope) || (depthOf(scope) <= 2 && length > 2));
  return build('', 0, statements.length);
}

/** The scope just below `parent` that a path leads through; null when it ends at `parent`. */
function childScope(path: string, parent: string): string | null {
  const depth = parent === '' ? 0 : depthOf(parent);
  const parts = path.split('/');
  return path === '' || parts.length <= depth ? null : parts.slice(0, depth + 1).join('/');
}

function isWithin(path: string, scope: string): boolean {
  return path === scope || path.startsWith(`${scope}/`);
}

function depthOf(scope: string): number {
  return scope.split('/').length;
}
