import { blockTree } from './block-tree.ts';
import { emitCaches, emitInputs, emitParameters } from './emit-tables.ts';
import { FunctionWriter } from './function-writer.ts';
import { helpersIn } from './helpers.ts';
import type { LoweredProgram } from './lower-program.ts';
import { Names } from './names.ts';
import { type Phase, phases } from './phase.ts';
import { docText, quote } from './quote.ts';

/** A program as a Python module of ttnn calls. */
export interface EmittedModule {
  text: string;
  /** Which function computes a scope, called with which `at`; null when none does by itself. */
  callOf(scope: string, phase: Phase): { function: string; at: string } | null;
}

/** Writes a program as a Python module that imports ttnn and nothing else. `title` is its first line. */
export function emitModule(program: LoweredProgram, title: string): EmittedModule {
  const writer = new FunctionWriter();
  const entries = phases.map((phase) => entry(program, phase, writer));
  const functions = [...writer.definitions(), ...entries.map((text) => writer.named(text))];
  const head = [`"""${docText(title)}\n\n${legend}\n"""`, 'import ttnn', emitParameters(program), emitInputs(program)];
  const blocks = [...helpersIn(functions.join('\n')), ...functions];
  const text = [...head, settings(program), emitCaches(program), ...blocks.map((block) => `\n${block}`)].join('\n\n');
  return { text: `${text}\n`, callOf: (scope, phase) => writer.callOf(scope, phase) };
}

const legend = `\`w\` holds the weights by name, \`caches\` the keys and values of each attention, \`step\` what a call brings.
N: rows of a call, which are the tokens of a prompt, padded to whole tiles, or one token of each user.`;

const docs: Readonly<Record<Phase, string>> = {
  prefill: 'The prompt of user `step.user`, from its first token on.',
  decode: 'One token of each user.',
};

function entry({ graph, phases: lowered }: LoweredProgram, phase: Phase, writer: FunctionWriter): string {
  const { statements, values, tapped } = lowered[phase];
  const outputs = Object.entries(graph.outputs).flatMap(([name, id]) => {
    const value = values.get(id);
    return value === undefined ? [] : [{ name, value }];
  });
  const block = blockTree(
    statements,
    outputs.map(({ value }) => value),
    tapped,
  );
  const names = new Names(block);
  const lines = writer.lines(block, phase, names);
  const results = outputs.map(({ name, value }) => `${quote(name)}: ${names.of(value)}`).join(', ');
  return [`def ${phase}(w, caches, step):`, `    """${docs[phase]}"""`, ...lines, `    return {${results}}`].join('\n');
}

function settings({ board, phases: { decode } }: LoweredProgram): string {
  const exact = `EXACT = ttnn.WormholeComputeKernelConfig(  # how ${board.spec.name} multiplies most exactly
    math_fidelity=ttnn.MathFidelity.${board.mathFidelity}, math_approx_mode=False, fp32_dest_acc_en=True, packer_l1_acc=True
)`;
  const hasAttention = decode.statements.some(({ expr }) =>
    expr.parts.some((part) => String(part).includes('SDPA_DECODE')),
  );
  return hasAttention ? `${exact}\n\n${sdpaDecode}` : exact;
}

const sdpaDecode = `SDPA_DECODE = ttnn.SDPAProgramConfig(  # a head may use 64 cores at most; left to itself ttnn takes all there are
    compute_with_storage_grid_size=(8, 8), q_chunk_size=0, k_chunk_size=0, exp_approx_mode=False
)`;
