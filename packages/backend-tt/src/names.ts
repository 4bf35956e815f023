import { type Block, isBlock } from './block-tree.ts';
import { helperNames } from './helpers.ts';
import { type Value, valuesIn } from './python.ts';
import { snakeCase } from './snake-case.ts';

/** Python's own words, and what a module, its functions and their loops are about: names are in small letters. */
const reserved = new Set([
  ...'and as assert async await break class continue def del elif else except finally for from global if'.split(' '),
  ...'import in is lambda nonlocal not or pass raise return try while with yield'.split(' '),
  ...'ttnn range prefill decode make_caches w at caches step i'.split(' '),
  ...helperNames,
]);

/** Names of the variables of one function. A name is used again once nobody reads what it stood for. */
export class Names {
  readonly #scope: string;
  readonly #lastUse = new Map<Value, number>();
  readonly #names = new Map<Value, string>();
  readonly #holders = new Map<string, Value>();
  /** Names of functions that the block calls: a variable of that name would hide them. */
  readonly #functions = new Set<string>();

  constructor({ scope, items, inputs, outputs }: Block) {
    this.#scope = scope;
    items.forEach((item, i) => {
      for (const value of isBlock(item) ? item.inputs : valuesIn(item.expr)) this.#lastUse.set(value, i);
    });
    for (const value of outputs) this.#lastUse.set(value, Number.POSITIVE_INFINITY);
    for (const item of items) if (isBlock(item)) this.#functions.add(baseName(item.scope));
    const [only, ...others] = inputs;
    if (only !== undefined && others.length === 0) this.#bind(only, 'x');
    else for (const value of inputs) this.assign(value, -1);
  }

  of(value: Value): string {
    const name = this.#names.get(value);
    if (name === undefined) throw new Error(`${value.hint} is read before it is made`);
    return name;
  }

  /** Names a value that item `i` makes. */
  assign(value: Value, i: number): string {
    const wanted = this.#wanted(value);
    let name = wanted;
    for (let n = 2; !this.#isFree(name, i); n++) name = `${wanted}${n}`;
    return this.#bind(value, name);
  }

  /** Whether nobody but item `i` reads the value. */
  endsAt(value: Value, i: number): boolean {
    return this.#lastUse.get(value) === i;
  }

  /** Gives a value the name of another, whose end it is. */
  take(value: Value, from: Value): string {
    return this.#bind(value, this.of(from));
  }

  #bind(value: Value, name: string): string {
    this.#names.set(value, name);
    this.#holders.set(name, value);
    return name;
  }

  #isFree(name: string, i: number): boolean {
    const holder = this.#holders.get(name);
    return !this.#hides(name) && (holder === undefined || (this.#lastUse.get(holder) ?? -1) <= i);
  }

  /** Whether a function that is called may come to have this name: its base name, then the phase or a number. */
  #hides(name: string): boolean {
    const unnumbered = name.replace(/_\d+$/, '');
    const bases = [name, unnumbered, unnumbered.replace(/_(prefill|decode)$/, '')];
    return bases.some((base) => this.#functions.has(base));
  }

  /** What a block gives out is its `x`; within it, each part's result is called after the part. */
  #wanted({ hint }: Value): string {
    if (this.#scope === '' || hint === '' || hint === this.#scope) return 'x';
    const isInner = hint.startsWith(`${this.#scope}/`);
    const word = wordOf(isInner ? hint.slice(this.#scope.length + 1).replace(/\/.*/, '') : hint);
    return this.#hides(word) || this.#hides(`${word}2`) ? `${word}_out` : word;
  }
}

/** What the function of a block is called: `layers.3` → `layer`, `layers.3/preMixerNorm` → `pre_mixer_norm`. */
export function baseName(scope: string): string {
  const word = wordOf(scope);
  return word === 'x' ? '_x' : word;
}

/** The last part of a scope as a name, the same for all of a row. */
function wordOf(scope: string): string {
  const [stem, number] = indexed(scope.slice(scope.lastIndexOf('/') + 1));
  const word = snakeCase(number < 0 ? stem : stem.replace(/s$/, '')).replace(/\W/g, '_');
  return reserved.has(word) || !/^[a-z_]/.test(word) ? `_${word}` : word;
}

/** `layers.3` → `layers`, 3; without a number −2, which nothing follows. */
export function indexed(scope: string): [stem: string, number: number] {
  const [, stem = scope, number = '-2'] = /^(.*)\.(0|[1-9]\d*)$/.exec(scope) ?? [];
  return [stem, Number(number)];
}
