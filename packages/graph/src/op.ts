import type { z } from 'zod';
import type { StateNeed } from './state-need.ts';
import type { StateStore } from './state-store.ts';
import type { Tensor } from './tensor.ts';
import type { StepSizes, ValueType } from './value-type.ts';

export type ValueId = string;

/**
 * `primitive`: has no smaller parts. `composite`: a pure function of primitives. `stateful`: reads and writes a declared
 * state, and never decomposes. `collective`: a function of what all devices of a group hold (`ops/collective.ts`).
 */
export type OpKind = 'primitive' | 'composite' | 'stateful' | 'collective';

/** Everything there is to know of an op; together the definitions are the meaning of a graph. */
export interface OpDefinition<Name extends string, Attrs> {
  readonly name: Name;
  readonly kind: OpKind;
  readonly attrs: z.ZodType<Attrs>;
  /** Type of the result. @throws ShapeMismatch (a plain Error) that says which input is wrong. */
  infer(attrs: Attrs, inputs: readonly ValueType[]): ValueType;
  /** The slow, obvious computation. */
  evaluate(attrs: Attrs, inputs: readonly Tensor[], context: EvaluationContext): Tensor;
  /** Emits the same function in smaller ops; absent for what has none. */
  decompose?(attrs: Attrs, inputs: readonly ValueId[], emit: Emitter): ValueId;
  /**
   * Row i of the result depends on row i of the inputs alone (first dimension; weights and what is broadcast have none),
   * so that rows can be selected before the op as well as after it.
   */
  readonly rowwise?: boolean;
  /** Name of the state that the op reads and writes. */
  stateOf?(attrs: Attrs): string;
  /** What that state must be, by the types of the inputs. */
  stateNeeded?(inputs: readonly ValueType[]): StateNeed;
}

/** What a decomposition may use; `GraphBuilder` checks each node as it is emitted. */
export interface Emitter {
  node(op: string, attrs: Record<string, unknown>, inputs: readonly ValueId[]): ValueId;
  typeOf(id: ValueId): ValueType;
}

export interface EvaluationContext {
  sizes: StepSizes;
  state: StateStore;
}

export function defineOp<Name extends string, Attrs>(definition: OpDefinition<Name, Attrs>): OpDefinition<Name, Attrs> {
  return definition;
}

/** Checks of inputs, for `infer`. Each throws an Error that `validate` completes with the node and its scope. */
export const expect = {
  count(inputs: readonly ValueType[], min: number, max = min): void {
    if (inputs.length < min || inputs.length > max) {
      throw new Error(`takes ${min === max ? min : `${min} to ${max}`} inputs, found ${inputs.length}`);
    }
  },
  input(inputs: readonly ValueType[], index: number, dtype: ValueType['dtype'] = 'float32', rank?: number): ValueType {
    const input = inputs[index];
    if (input === undefined) throw new Error(`input ${index} is missing`);
    if (input.dtype !== dtype) throw new Error(`input ${index} must be ${dtype}, found ${input.dtype}`);
    if (rank !== undefined && input.shape.length !== rank) {
      throw new Error(`input ${index} must have ${rank} dimensions, found [${input.shape.join(', ')}]`);
    }
    return input;
  },
  shape(input: ValueType, index: number, shape: readonly (number | string | undefined)[]): void {
    if (input.shape.length !== shape.length || input.shape.some((dim, i) => dim !== shape[i])) {
      throw new Error(`input ${index} must be [${shape.join(', ')}], found [${input.shape.join(', ')}]`);
    }
  },
};
