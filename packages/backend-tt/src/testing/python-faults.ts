/** A function of a module, as far as names go. */
interface PythonFunction {
  name: string;
  parameters: string[];
  statements: Statement[];
}

interface Statement {
  targets: string[];
  /** Without strings (but for what f-strings read) and comments. */
  expr: string;
}

const keywords = new Set(
  (
    'False None True and as assert async await break class continue def del elif else except finally for from global ' +
    'if import in is lambda nonlocal not or pass raise return try while with yield'
  ).split(' '),
);

/**
 * What Python would stumble over in the functions of a module that we wrote: keywords as names, variables that are read
 * before they are assigned or hide a function, functions that are there twice or called with too few arguments.
 */
export function pythonFaults(module: string): string[] {
  const lines = logicalLines(module);
  const functions = functionsIn(lines);
  const known = new Set(['range', ...functions.map(({ name }) => name), ...lines.flatMap(globalsOf)]);
  const names = functions.map(({ name }) => name);
  const twice = names.filter((name, i) => names.indexOf(name) !== i).map((name) => `${name} is defined twice`);
  const byName = new Map(functions.map((one) => [one.name, one]));
  return [...twice, ...functions.flatMap((one) => faultsOf(one, known, byName))];
}

/** Names of the functions that a module defines. */
export function functionNames(module: string): string[] {
  return functionsIn(logicalLines(module)).map(({ name }) => name);
}

function faultsOf(
  { name, parameters, statements }: PythonFunction,
  known: ReadonlySet<string>,
  functions: ReadonlyMap<string, PythonFunction>,
): string[] {
  const locals = [...parameters, ...statements.flatMap(({ targets }) => targets)];
  const faults = [name, ...locals].filter((word) => !isName(word)).map((word) => `"${word}" is no name`);
  const doubled = parameters.filter((word, i) => parameters.indexOf(word) !== i);
  faults.push(...doubled.map((word) => `${word} is a parameter twice`));
  const assigned = new Set(parameters);
  for (const { targets, expr } of statements) {
    const inner = comprehensionTargets(expr);
    for (const word of readsIn(expr)) {
      const isLocal = locals.includes(word);
      if (!assigned.has(word) && !inner.includes(word) && (isLocal || !known.has(word)))
        faults.push(`${word} is read before it is assigned`);
    }
    for (const { callee, args } of callsIn(expr)) {
      if (locals.includes(callee)) faults.push(`the variable ${callee} hides a function that is called`);
      const wanted = functions.get(callee)?.parameters.length ?? args;
      if (args !== wanted) faults.push(`${callee} is called with ${args} of ${wanted} arguments`);
    }
    for (const word of targets) assigned.add(word);
  }
  return faults.map((fault) => `${name}: ${fault}`);
}

function isName(word: string): boolean {
  return /^[A-Za-z_]\w*$/.test(word) && !keywords.has(word);
}

/** Lines with brackets closed, without docstrings, strings and comments. */
function logicalLines(module: string): string[] {
  const bare = module
    .replace(/"""[\s\S]*?"""/g, '')
    .replace(/(f?)'([^'\n]*)'/g, (_, f, text: string) =>
      f === '' ? '0' : `(${[...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).join('+')})`,
    )
    .replace(/#.*$/gm, '');
  const lines: string[] = [];
  let depth = 0;
  for (const line of bare.split('\n').filter((text) => text.trim() !== '')) {
    if (depth > 0) lines.push(`${lines.pop() ?? ''} ${line.trim()}`);
    else lines.push(line.trimEnd());
    depth += line.replace(/[^([{]/g, '').length - line.replace(/[^)\]}]/g, '').length;
  }
  return lines;
}

function functionsIn(lines: readonly string[]): PythonFunction[] {
  const functions: PythonFunction[] = [];
  let inside = false;
  for (const line of lines) {
    const [, name, parameters = ''] = /^def (.*?)\((.*)\):$/.exec(line) ?? [];
    if (name !== undefined) functions.push({ name, parameters: parameters.split(', '), statements: [] });
    inside = name !== undefined || (inside && line.startsWith(' '));
    if (name === undefined && inside) functions.at(-1)?.statements.push(statementOf(line.trim()));
  }
  return functions;
}

function statementOf(line: string): Statement {
  const [, loop, over = ''] = /^for (.*?) in (.*):$/.exec(line) ?? [];
  if (loop !== undefined) return { targets: loop.split(', '), expr: over };
  const [, left, right = ''] = /^([^([=]*) = (.*)$/.exec(line) ?? [];
  if (left === undefined) return { targets: [], expr: line.replace(/^return /, '') };
  return { targets: left.split(', ').filter((target) => !target.startsWith('step.')), expr: right };
}

function globalsOf(line: string): string[] {
  const [, name] = /^(?:import )?(\w+)(?: = .*)?$/.exec(line) ?? [];
  return name === undefined ? [] : [name];
}

/** Words that stand for values: no attributes, no names of arguments. */
function readsIn(expr: string): string[] {
  const words = [...expr.matchAll(/(?<![\w.])([A-Za-z_]\w*)(?!\s*=(?!=)|\w)/g)].map(([, word = '']) => word);
  return words.filter((word) => !keywords.has(word));
}

function comprehensionTargets(expr: string): string[] {
  return [...expr.matchAll(/\bfor (.*?) in /g)].flatMap(([, targets = '']) => targets.match(/\w+/g) ?? []);
}

function callsIn(expr: string): { callee: string; args: number }[] {
  return [...expr.matchAll(/(?<![\w.])([A-Za-z_]\w*)\(/g)].map((match) => ({
    callee: match[1] ?? '',
    args: argumentsFrom(expr.slice(match.index + match[0].length)),
  }));
}

/** Arguments up to the bracket that closes. */
function argumentsFrom(text: string): number {
  let [depth, commas] = [0, 0];
  for (const [at, letter] of [...text].entries()) {
    if ('([{'.includes(letter)) depth++;
    if (')]}'.includes(letter) && depth-- === 0) return at === 0 ? 0 : commas + 1;
    if (letter === ',' && depth === 0) commas++;
  }
  return Number.NaN;
}
