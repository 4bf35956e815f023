import type { Dim } from '@tttv2/graph';

/** A dimension: as in the graph, or one that the caches have. */
export type TtDim = Dim | 'users' | 'length';

/** A value of the graph as a ttnn tensor: what a Python variable holds. */
export interface Value {
  kind: 'value';
  /** What the variable would like to be called. */
  hint: string;
  /** As ttnn has it, four dimensions; those that calls set anew are symbolic. */
  shape: readonly [TtDim, TtDim, TtDim, TtDim];
  /**
   * `plain`: the graph's shape, with ones before it. `heads`: `[N, H, h]` as `[1, H, N, h]`, which ttnn's attention over
   * a prompt wants.
   */
  order: 'plain' | 'heads';
  /** `users`: the heads of each user lie in the memory of a core of its own, which ttnn's decode ops want. */
  memory: 'dram' | 'users';
}

/** A weight, by its name on the device: `w[…]`. */
export interface WeightRef {
  kind: 'weight';
  name: string;
}

/** What a call brings: `step.…`. */
export interface StepRef {
  kind: 'step';
  name: string;
}

/** Keys and values of an attention: `caches[…]`. */
export interface CacheRef {
  kind: 'cache';
  state: string;
}

export type Ref = Value | WeightRef | StepRef | CacheRef;

/** A Python expression whose names are chosen when it is written down. */
export interface Expr {
  parts: readonly (string | Ref)[];
}

/** A template of Python: `` py`ttnn.add(${a}, ${b})` ``; strings and numbers are written as they are. */
export function py(strings: TemplateStringsArray, ...holes: readonly (Ref | Expr | string | number)[]): Expr {
  const parts = strings.flatMap((text, i): (string | Ref)[] => {
    const hole = holes[i];
    if (hole === undefined) return [text];
    if (typeof hole === 'object' && 'parts' in hole) return [text, ...hole.parts];
    return [text, typeof hole === 'number' ? number(hole) : hole];
  });
  return { parts };
}

/** Small numbers as people write them, `1e-6`. */
function number(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value);
}

/** One line of the program: the values that an expression makes (none for one that writes a cache). */
export interface Statement {
  /** Where in the model, as in the graph. */
  scope: string;
  results: readonly Value[];
  expr: Expr;
}

/** The values that an expression reads. */
export function valuesIn({ parts }: Expr): Value[] {
  return parts.filter((part): part is Value => typeof part === 'object' && part.kind === 'value');
}
