import { checkNode } from './check-node.ts';
import type { Graph, GraphState, Node, Parameter, StateDeclaration, StepInput } from './graph.ts';
import { stepInputType } from './graph.ts';
import { GraphError } from './graph-error.ts';
import type { Emitter, ValueId } from './op.ts';
import { type AttrsOf, type OpName, opset } from './ops/index.ts';
import type { ValueType } from './value-type.ts';

/** How a parameter relates to the whole model; see `Parameter`. */
type ParameterOptions = Partial<Omit<Parameter, 'shape' | 'stored'>>;

/** Builds a graph node by node; every node's type is inferred, and checked, as it is added. */
export class GraphBuilder implements Emitter {
  readonly #name: string;
  readonly #positionAxes: Graph['positionAxes'];
  readonly #inputs = new Set<StepInput>();
  readonly #received = new Map<string, ValueType>();
  readonly #parameters = new Map<string, Parameter>();
  readonly #states = new Map<string, GraphState>();
  readonly #nodes: Node[] = [];
  readonly #types = new Map<ValueId, ValueType>();
  #scope: string[] = [];

  constructor(name: string, { positionAxes = 1 }: Partial<Pick<Graph, 'positionAxes'>> = {}) {
    this.#name = name;
    this.#positionAxes = positionAxes;
  }

  /** Declares that the graph reads a step input, and returns its name. */
  input(name: StepInput): ValueId {
    this.#inputs.add(name);
    this.#types.set(name, stepInputType(name, { positionAxes: this.#positionAxes }));
    return name;
  }

  /** Declares a value that an earlier stage gives, and returns its name. */
  receive(name: string, type: ValueType): ValueId {
    this.#received.set(name, type);
    this.#types.set(name, type);
    return name;
  }

  /** Declares a parameter (again, for one that is shared), and returns its name. */
  parameter(
    name: string,
    shape: number[],
    stored: Parameter['stored'] = null,
    { sharding = null, from = null, repeat = null, affine = null, parts = null }: ParameterOptions = {},
  ): ValueId {
    this.#parameters.set(name, { shape, stored, sharding, from, repeat, affine, parts });
    this.#types.set(name, { dtype: 'float32', shape });
    return name;
  }

  /** Declares a state, and returns its name. */
  state(name: string, state: StateDeclaration): string {
    this.#states.set(name, state.kind === 'kv_cache' ? { sharding: null, hasValues: true, ...state } : state);
    return name;
  }

  /** Everything that `body` adds lies in the scope `name` below the present one. */
  scope<Result>(name: string, body: () => Result): Result {
    this.#scope = [...this.#scope, name];
    try {
      return body();
    } finally {
      this.#scope = this.#scope.slice(0, -1);
    }
  }

  /** Everything that `body` adds lies in the scope of this path, wherever the builder is. */
  at<Result>(path: string, body: () => Result): Result {
    const before = this.#scope;
    this.#scope = path === '' ? [] : path.split('/');
    try {
      return body();
    } finally {
      this.#scope = before;
    }
  }

  /** Path of the present scope with `.` between its parts, as parameters are named. */
  get path(): string {
    return this.#scope.join('.');
  }

  /** Adds a node and returns the name of its result. @throws GraphError when attributes or inputs do not fit. */
  node<Name extends OpName>(op: Name, attrs: AttrsOf<Name>, inputs: readonly ValueId[]): ValueId {
    const id = `%${this.#nodes.length}`;
    const scope = this.#scope.join('/');
    const node = checkNode({ id, op, attrs, inputs: [...inputs], scope }, (name) => this.#types.get(name));
    this.#nodes.push(node);
    this.#types.set(id, node.type);
    return id;
  }

  typeOf(id: ValueId): ValueType {
    const type = this.#types.get(id);
    if (type === undefined)
      throw new GraphError({
        where: id,
        message: 'is not the name of an input, a received value, a parameter or a node so far',
      });
    return type;
  }

  build(outputs: Readonly<Record<string, ValueId>>): Graph {
    return {
      opset,
      name: this.#name,
      positionAxes: this.#positionAxes,
      inputs: [...this.#inputs],
      received: Object.fromEntries(this.#received),
      parameters: Object.fromEntries(this.#parameters),
      states: Object.fromEntries(this.#states),
      nodes: this.#nodes,
      outputs: { ...outputs },
    };
  }
}
