import { showRanges } from './ranges.ts';

/** A printed graph in which layers that are alike are printed once; one line stands for the others. */
export function foldLayers(printed: string): string {
  const known = new Map<string, number>();
  const blocks: Block[] = [];
  for (const lines of sections(printed)) {
    const layer = layerOf(lines);
    const key = layer === null ? '' : shapeOf(lines, layer);
    const like = layer === null ? undefined : known.get(key);
    const last = blocks.at(-1);
    if (layer === null || like === undefined) blocks.push({ kind: 'lines', lines });
    else if (last?.kind === 'folded' && last.like === like) last.layers.push(layer);
    else blocks.push({ kind: 'folded', like, layers: [layer] });
    if (layer !== null && like === undefined) known.set(key, layer);
  }
  return blocks.flatMap(show).join('\n');
}

type Block = { kind: 'lines'; lines: string[] } | { kind: 'folded'; like: number; layers: number[] };

function show(block: Block): string[] {
  if (block.kind === 'lines') return block.lines;
  const { layers, like } = block;
  return [`layers.${showRanges(layers)}/${layers.length === 1 ? '' : ` × ${layers.length}`} like layers.${like}`];
}

/** A line that is not indented begins a section. */
function sections(printed: string): string[][] {
  const all: string[][] = [];
  for (const line of printed.split('\n')) {
    if (line.startsWith(' ')) all.at(-1)?.push(line);
    else all.push([line]);
  }
  return all;
}

function layerOf([head = '']: readonly string[]): number | null {
  const number = /^layers\.(\d+)\/$/.exec(head)?.[1];
  return number === undefined ? null : Number(number);
}

/** The lines without what differs between layers that are alike: their number, and where the names of their values begin. */
function shapeOf(lines: readonly string[], layer: number): string {
  const text = lines.join('\n').replaceAll(`layers.${layer}`, 'layers.#');
  const first = Number(/%(\d+)/.exec(text)?.[1]);
  return text.replace(/%(\d+)/g, (_, number) => `%${Number(number) - first}`);
}
