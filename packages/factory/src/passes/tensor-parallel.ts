import {
  type Dim,
  type Graph,
  type GraphBuilder,
  type KvCache,
  type Node,
  type OpName,
  type Parameter,
  type RecurrentState,
  rewrite,
  stateOf,
  type ValueId,
} from '@tttv2/graph';
import type { Cut, Form, Way } from './cut-rules.ts';
import { type CutPlan, planCuts } from './plan-cuts.ts';
import { repeatKvHeads } from './repeat-kv-heads.ts';

/** The axis of a mesh `[1, devices]` along which a graph is cut. */
const meshAxis = 1;

/**
 * Cuts a graph of one device over `devices` of them: what comes out is what each of them runs on its own part. By its
 * structure, not by names: of a decoder, attention is cut by heads (KV heads are repeated where they are too few), feed-forward networks by their inner dimension, the
 * embedding by columns, the head by tokens; it is right for any graph.
 */
export function tensorParallel(whole: Graph, devices: number): Graph {
  const graph = repeatKvHeads(whole, devices);
  const plan = planCuts(graph, devices);
  const names = nameForms(graph, plan);
  const parts = { ...graph, parameters: cutParameters(graph, names, devices), states: cutStates(graph, plan, devices) };
  return rewrite(parts, (node, inputs, builder) => {
    const way = plan.ways.get(node.id) ?? { inputs: [], result: null };
    const operands = inputs.map((name, i) => names.get(node.inputs[i] ?? '')?.get(way.inputs[i] ?? null) ?? name);
    const value = emitPart(node, operands, way, devices, builder);
    if (way.result === null || !plan.gathered.has(node.id)) return value;
    return gather(value, { cut: way.result, whole: node.type.shape, devices }, builder);
  });
}

/** Emits what a device computes of a node. */
function emitPart(node: Node, inputs: readonly ValueId[], way: Way, devices: number, builder: GraphBuilder): ValueId {
  if (way.isSum && node.op === 'linear') {
    const [x = '', weight = '', ...bias] = inputs;
    const sum = builder.node('all_reduce', { meshAxis }, [builder.node('matmul', {}, [x, weight])]);
    return bias.length === 0 ? sum : builder.node('add', {}, [sum, ...bias]);
  }
  if (way.isSum) return builder.node('all_reduce', { meshAxis }, [builder.node(node.op, node.attrs, inputs)]);
  if (node.op === 'reshape' && way.result !== null)
    return builder.node('reshape', { shape: partOf(node.attrs.shape, way.result, devices) }, inputs);
  return builder.node(node.op, node.attrs, inputs);
}

/** Emits the whole of a value that is cut: its parts joined along what follows the cut, without what fills up the last. */
function gather(
  value: ValueId,
  { cut, whole, devices }: { cut: number; whole: Dim[]; devices: number },
  builder: GraphBuilder,
): ValueId {
  const part = builder.typeOf(value).shape;
  const isFlat = cut === part.length - 1;
  const rows = isFlat
    ? value
    : builder.node('reshape', { shape: [...part.slice(0, cut), count(part.slice(cut))] }, [value]);
  const joined = builder.node('all_gather', { meshAxis, devices }, [rows]);
  const length = count(whole.slice(cut));
  const isExact = builder.typeOf(joined).shape.at(-1) === length;
  const exact = isExact ? joined : builder.node('slice', { start: 0, length }, [joined]);
  return isFlat ? exact : builder.node('reshape', { shape: whole }, [exact]);
}

/** A parameter may be needed in several forms (a tied embedding by columns and by rows): each has a name. */
type FormNames = ReadonlyMap<string, ReadonlyMap<Form, string>>;

function nameForms({ parameters, nodes, outputs }: Graph, { ways }: CutPlan): FormNames {
  const forms = new Map(Object.keys(parameters).map((name) => [name, new Set<Form>()]));
  for (const value of Object.values(outputs)) forms.get(value)?.add(null);
  for (const { id, inputs } of nodes)
    for (const [i, name] of inputs.entries()) forms.get(name)?.add(ways.get(id)?.inputs[i] ?? null);
  return new Map([...forms].map(([name, cuts]) => [name, nameEach(name, cuts)]));
}

/** The whole keeps the name, which an output may bear; where there is none, the first form does. */
function nameEach(name: string, forms: ReadonlySet<Form>): Map<Form, string> {
  const own = forms.has(null) ? null : [...forms][0];
  return new Map([...forms].map((form) => [form, form === own ? name : `${name}@${nameOf(form)}`]));
}

function nameOf(form: Form): string {
  if (form === 'share') return form;
  return form === 0 ? 'rows' : `axis${form}`;
}

function cutParameters({ parameters }: Graph, names: FormNames, devices: number): Record<string, Parameter> {
  return Object.fromEntries(
    Object.entries(parameters).flatMap(([name, parameter]) =>
      [...(names.get(name) ?? [])].map(([cut, formName]): [string, Parameter] => {
        const from = formName === name ? parameter.from : (parameter.from ?? name);
        const form = cut === 'share' ? shareOf(parameter, devices) : cutShape(parameter.shape, cut, devices);
        return [formName, { ...parameter, ...form, from }];
      }),
    ),
  );
}

/** Numbers that are added on every device, and then once more together. */
function shareOf({ affine }: Parameter, devices: number): Pick<Parameter, 'affine'> {
  const { scale, offset } = affine ?? { scale: 1, offset: 0 };
  return { affine: { scale: scale / devices, offset: offset / devices } };
}

function cutShape(shape: number[], cut: Cut, devices: number): Pick<Parameter, 'shape' | 'sharding'> {
  const size = cut === null ? undefined : shape[cut];
  if (cut === null || size === undefined) return { shape, sharding: null };
  return { shape: shape.with(cut, Math.ceil(size / devices)), sharding: { axis: cut, meshAxis, size } };
}

/** The dimension of a recurrent state that is cut with the result of the op that it belongs to: by channels, by heads. */
const recurrentAxes: Readonly<Partial<Record<OpName, number>>> = { causal_conv: 1, gated_delta: 0 };

/** A state is cut with the op that it belongs to. */
function cutStates({ states, nodes }: Graph, { ways }: CutPlan, devices: number): Graph['states'] {
  const owners = new Map(
    nodes.flatMap((node) => {
      const state = stateOf(node);
      return state !== null && ways.get(node.id)?.result === 1 ? [[state, node.op] as const] : [];
    }),
  );
  return Object.fromEntries(
    Object.entries(states).map(([name, state]) => {
      const owner = owners.get(name);
      if (owner === undefined) return [name, state];
      return [name, state.kind === 'kv_cache' ? cutCache(state, devices) : cutRecurrent(state, owner, devices)];
    }),
  );
}

function cutRecurrent(state: RecurrentState, owner: OpName, devices: number): RecurrentState {
  const axis = recurrentAxes[owner];
  return axis === undefined ? state : { ...state, shape: partOf(state.shape, axis, devices) };
}

function cutCache(cache: KvCache, devices: number): KvCache {
  const { numKvHeads: size } = cache;
  return { ...cache, numKvHeads: size / devices, sharding: { axis: 1, meshAxis, size } };
}

function partOf<D extends Dim>(shape: readonly D[], cut: number, devices: number): (D | number)[] {
  const dims: readonly (D | number)[] = shape;
  return dims.with(cut, Math.ceil(Number(shape[cut]) / devices));
}

function count(shape: readonly Dim[]): number {
  return shape.reduce<number>((product, dim) => product * Number(dim), 1);
}
