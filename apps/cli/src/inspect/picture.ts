import type { Graph, Node } from '@tttv2/graph';
import type { LayerSpec, ModelSpec } from '@tttv2/spec';
import { type LayerKind, layerKindsOf } from '@tttv2/spec';
import { showRanges } from '../ranges.ts';
import { wrap } from '../wrap.ts';
import { describeFfn, describeMixer } from './describe-layer.ts';

/** Columns for a part's name, and for what is said of it; indentation and the frame of a layer take the rest of 80. */
const nameWidth = 18;
const aboutWidth = 57;

/** A model as a person would draw it, from its tokens down to its logits; layers that are alike are drawn once. */
export function drawModel(graph: Graph, spec: ModelSpec): string[] {
  const kinds = layerKindsOf(spec);
  const boxes = partsBelow(graph.nodes, 0).map((part) => {
    const layer = /^layers\.(\d+)$/.exec(part.name)?.[1];
    if (layer === undefined) return drawPart(part, graph, aboutNorm(part));
    const kind = kinds.find(({ layers }) => layers[0] === Number(layer));
    return kind === undefined ? [] : drawLayer(kind, part, graph, spec.ropeTables);
  });
  const drawn = [['tokens'], ...boxes.filter((lines) => lines.length > 0), ['logits']];
  return drawn.flatMap((lines, i) => (i === 0 ? lines : ['  │', ...lines]));
}

/** A part of the picture: a scope, or a node that stands in none. */
interface Part {
  name: string;
  /** Of the scope; null for a lone node. */
  path: string | null;
  nodes: Node[];
}

/** What lies `depth` scopes deep, in order. */
function partsBelow(nodes: readonly Node[], depth: number): Part[] {
  const parts: Part[] = [];
  for (const node of nodes) {
    const scopes = node.scope === '' ? [] : node.scope.split('/');
    const name = scopes[depth];
    const path = name === undefined ? null : scopes.slice(0, depth + 1).join('/');
    const last = parts.at(-1);
    if (last !== undefined && path !== null && last.path === path) last.nodes.push(node);
    else parts.push({ name: name ?? node.op, path, nodes: [node] });
  }
  return parts;
}

function drawLayer({ layers, spec }: LayerKind, part: Part, graph: Graph, ropeTables: ModelSpec['ropeTables']) {
  const which = layers.length === 1 ? `layer ${layers[0]}` : `layers ${showRanges(layers)}  × ${layers.length}`;
  const [first = '', ...rest] = wrap(which, nameWidth + aboutWidth);
  const inside = partsBelow(part.nodes, 1).flatMap((inner) => {
    if (inner.path === null) return [inner.name === 'add' ? '+ residual' : inner.name];
    return drawPart(inner, graph, aboutInLayer(inner, spec, ropeTables));
  });
  return [`┌ ${first}`, ...[...rest, ...inside].map((line) => `│ ${line}`), '└'];
}

function aboutInLayer(part: Part, { mixer, ffn }: LayerSpec, ropeTables: ModelSpec['ropeTables']): string {
  if (part.name === 'mixer') return describeMixer(mixer, ropeTables);
  if (part.name === 'ffn') return describeFfn(ffn);
  return aboutNorm(part);
}

function aboutNorm({ nodes }: Part): string {
  const norm = nodes.find(({ op }) => op === 'rms_norm' || op === 'layer_norm');
  return norm !== undefined && 'eps' in norm.attrs ? `${norm.op}, ε ${showEpsilon(norm.attrs.eps)}` : '';
}

/** GGUF stores 1e-5 as the nearest float32: 9.99999974e-6. */
function showEpsilon(eps: number): string {
  return Number(eps.toPrecision(4)).toExponential();
}

/** A part and the shapes of its parameters; nothing for one that has none. */
function drawPart(part: Part, graph: Graph, about: string): string[] {
  const [own, ...others] = shapesOf(part, graph);
  if (own === undefined) return [];
  // A part that is one parameter is one line.
  if (others.length === 0 && !own.label.includes(',')) {
    const said = [own.shape, about, own.label === '' ? '' : `of ${own.label}`].filter(Boolean);
    return [column(part.name, said.join('  '))];
  }
  const [first = '', ...rest] = wrap(about, aboutWidth);
  const shapes = [own, ...others].map(({ label, shape }) => column(`  ${label || 'weight'}`, shape));
  return [column(part.name, first), ...rest.map((line) => column('', line)), ...shapes];
}

/** Parameters that a part reads, those of one shape together. */
function shapesOf({ path, nodes }: Part, graph: Graph): { label: string; shape: string }[] {
  const labels = new Map<string, string[]>();
  for (const name of new Set(nodes.flatMap(({ inputs }) => inputs))) {
    const parameter = graph.parameters[name];
    if (parameter === undefined) continue;
    const shape = parameter.shape.join(' × ');
    labels.set(shape, [...(labels.get(shape) ?? []), labelIn(path, name)]);
  }
  return [...labels].map(([shape, names]) => ({
    label: names.length === 1 ? names.join() : names.map((name) => name || 'weight').join(', '),
    shape,
  }));
}

/** `layers.0.mixer.q.weight` is `q` within `layers.0/mixer`; the weight of the part itself is ''; others keep their names. */
function labelIn(path: string | null, parameter: string): string {
  const prefix = `${path?.replaceAll('/', '.')}.`;
  if (!parameter.startsWith(prefix)) return parameter;
  return parameter.slice(prefix.length).replace(/\.?weight$/, '');
}

function column(name: string, about: string): string {
  return `${name.padEnd(nameWidth)} ${about}`.trimEnd();
}
