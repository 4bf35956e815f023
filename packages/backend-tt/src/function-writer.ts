import { type Block, isBlock } from './block-tree.ts';
import { baseName, indexed, Names } from './names.ts';
import type { Phase } from './phase.ts';
import { type Ref, type Statement, type Value, valuesIn } from './python.ts';
import { quote, quoteWith } from './quote.ts';
import { wrapCall } from './wrap-call.ts';

interface WrittenFunction {
  /** What it would like to be called. */
  base: string;
  phases: Set<Phase>;
  parameters: string;
  /** Shapes of what it is given. */
  shapes: string;
  /** Lines of its body; `‹3›` stands for the name of function 3. */
  body: string;
}

/** A block that is called: its function, and its place in the model. */
export interface BlockCall {
  function: number;
  at: string;
}

/**
 * Writes blocks as Python functions, equal ones once: a function takes the weights `w` and its place in the model `at`,
 * so that one text serves all layers.
 */
export class FunctionWriter {
  readonly #functions: WrittenFunction[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #calls: Readonly<Record<Phase, Map<string, BlockCall>>> = { prefill: new Map(), decode: new Map() };

  /** Lines that compute all of a phase; the names of its results are asked of `names` afterwards. */
  lines(block: Block, phase: Phase, names: Names): string[] {
    const place = placeOf(block.scope);
    const lines: string[] = [];
    for (let i = 0; i < block.items.length; ) {
      const item = block.items[i];
      if (item === undefined) break;
      if (!isBlock(item)) lines.push(statementLine(item, place, names, i++));
      else {
        const run = this.#run(block, i, phase, names);
        lines.push(this.#callLine(run, place, names, i));
        i += run.length;
      }
    }
    return lines;
  }

  /** All functions, those that are called before their callers. */
  definitions(): string[] {
    const names = this.#chooseNames();
    return this.#functions.map(
      ({ parameters, shapes, body }, i) =>
        `${header(`def ${names[i]}(${parameters}):`, shapes)}\n${named(body, names)}`,
    );
  }

  /** Text with the names of functions in it. */
  named(text: string): string {
    return named(text, this.#chooseNames());
  }

  /** Which function computes a scope in a phase; null when none does by itself. */
  callOf(scope: string, phase: Phase): { function: string; at: string } | null {
    const call = this.#calls[phase].get(scope);
    return call === undefined ? null : { function: this.#chooseNames()[call.function] ?? '', at: call.at };
  }

  #write(block: Block, phase: Phase): number {
    const names = new Names(block);
    const inputs = block.inputs.map((value) => names.of(value));
    const shapes = block.inputs.map((value) => `${names.of(value)} ${shapeOf(value)}`).join(', ');
    const lines = this.lines(block, phase, names);
    const [output] = block.outputs;
    const body = returning(lines, output === undefined ? 'None' : names.of(output)).join('\n');
    const extras = ['caches', 'step'].filter((name) => new RegExp(`\\b${name}\\b`).test(body));
    const parameters = ['w', 'at', ...inputs, ...extras].join(', ');
    const base = baseName(block.scope);
    const key = `${base}(${parameters})${body.replace(/ +# .*$/gm, '')}`;
    const number =
      this.#numbers.get(key) ?? this.#functions.push({ base, phases: new Set(), parameters, shapes, body }) - 1;
    this.#numbers.set(key, number);
    this.#functions[number]?.phases.add(phase);
    this.#calls[phase].set(block.scope, { function: number, at: placeOf(block.scope) });
    return number;
  }

  /** Calls of one function from item `i` on, each on the result of the one before: one, or a loop. */
  #run(block: Block, i: number, phase: Phase, names: Names): { function: number; block: Block }[] {
    const run: { function: number; block: Block }[] = [];
    for (let at = i; at < block.items.length; at++) {
      const item = block.items[at];
      if (item === undefined || !isBlock(item)) break;
      const before = run.at(-1);
      if (before !== undefined && !follows(before.block, item, names, at)) break;
      const number = this.#write(item, phase);
      if (before !== undefined && before.function !== number) break;
      run.push({ function: number, block: item });
    }
    return run;
  }

  #callLine(run: readonly { function: number; block: Block }[], place: string, names: Names, i: number): string {
    const [first] = run;
    const last = run.at(-1);
    if (first === undefined || last === undefined) throw new Error('a run has at least one call');
    const args = first.block.inputs.map((value) => names.of(value));
    const { parameters } = this.#functions[first.function] ?? { parameters: '' };
    const extras = ['caches', 'step'].filter((name) => parameters.split(', ').includes(name));
    const call = (at: string) => `‹${first.function}›(${['w', at, ...args, ...extras].join(', ')})`;
    const [output] = last.block.outputs;
    const [input] = first.block.inputs;
    const comment = output === undefined ? '' : changedShapes([output], first.block.inputs);
    if (run.length === 1) {
      const target = output === undefined ? '' : `${names.assign(output, i)} = `;
      return wrapCall(`${target}${call(placeWithin(placeOf(first.block.scope), place))}`, '    ', comment);
    }
    if (output === undefined || input === undefined) throw new Error('a loop takes its own result');
    const name = names.take(output, input);
    const [stem, from] = indexed(first.block.scope);
    const header = `    for i in range(${from === 0 ? '' : `${from}, `}${from + run.length}):`;
    return `${header}\n${wrapCall(`${name} = ${call(quoteWith('i', [`${placeOf(stem)}.`, '']))}`, '        ', comment)}`;
  }

  /** Equal in both phases: the bare name; else the phase is added; a number where that is not enough. */
  #chooseNames(): string[] {
    const taken = new Set<string>();
    return this.#functions.map(({ base, phases }) => {
      const isShared = phases.size === 2;
      const isAlone = this.#functions.filter((other) => other.base === base).length === 1;
      const wanted = isShared || isAlone ? base : `${base}_${[...phases][0]}`;
      let name = wanted;
      for (let n = 2; taken.has(name); n++) name = `${wanted}_${n}`;
      taken.add(name);
      return name;
    });
  }
}

/** Whether a block continues a loop: the next in its row, on the result of the one before, which nobody else reads. */
function follows(before: Block, next: Block, names: Names, i: number): boolean {
  const [stem, number] = indexed(before.scope);
  const [input, output] = [before.inputs[0], before.outputs[0]];
  if (next.scope !== `${stem}.${number + 1}` || input === undefined || output === undefined) return false;
  const isChained = next.inputs[0] === output && next.inputs.slice(1).join() === before.inputs.slice(1).join();
  return isChained && before.inputs.length === 1 && names.endsAt(input, i - 1) && names.endsAt(output, i);
}

function statementLine({ results, expr }: Statement, place: string, names: Names, i: number): string {
  const text = expr.parts.map((part) => (typeof part === 'string' ? part : shown(part, place, names))).join('');
  if (results.length === 0) return wrapCall(text, '    ');
  const targets = results.map((value) => names.assign(value, i)).join(', ');
  return wrapCall(`${targets} = ${text}`, '    ', changedShapes(results, valuesIn(expr)));
}

function shown(ref: Ref, place: string, names: Names): string {
  switch (ref.kind) {
    case 'value':
      return names.of(ref);
    case 'weight':
      return `w[${placeWithin(ref.name, place)}]`;
    case 'step':
      return `step.${ref.name}`;
    case 'cache':
      return `caches[${placeWithin(ref.state, place)}]`;
  }
}

/** A name as a Python string, relative to the function's own place where it lies below it. */
function placeWithin(name: string, place: string): string {
  if (place === '' || !name.startsWith(`${place}.`)) return quote(name);
  return quoteWith('at', ['', name.slice(place.length)]);
}

function placeOf(scope: string): string {
  return scope.replaceAll('/', '.');
}

/** Shapes of results, where they are not that of what they are made from. */
function changedShapes(results: readonly Value[], [source]: readonly Value[]): string {
  const shapes = [...new Set(results.map(shapeOf))];
  return shapes.length === 1 && source !== undefined && shapes[0] === shapeOf(source) ? '' : shapes.join(' ');
}

function shapeOf({ shape }: Value): string {
  return `[${shape.map((dim) => (dim === 'R' ? 'N' : dim)).join(', ')}]`;
}

/** Ends a body with its result: what the last line makes, or a variable. */
function returning(lines: readonly string[], name: string): string[] {
  const last = lines.at(-1) ?? '';
  const makes = `    ${name} = `;
  return last.startsWith(makes)
    ? [...lines.slice(0, -1), `    return ${last.slice(makes.length)}`]
    : [...lines, `    return ${name}`];
}

function header(definition: string, shapes: string): string {
  return shapes === '' ? definition : `${definition}  # ${shapes}`;
}

function named(text: string, names: readonly string[]): string {
  return text.replace(/‹(\d+)›/g, (_, number) => names[Number(number)] ?? '');
}
