import { isOpName, type LocalOpName, type OpName, ops } from '@tttv2/graph';
import { expect, test } from 'vitest';
import { emitModule } from '../emit-module.ts';
import { phases } from '../phase.ts';
import type { Expr } from '../python.ts';
import { checkSupported } from '../supports.ts';
import { lowered } from '../testing/lowered.ts';
import { graphsOf, refusableGraphsOf } from '../testing/one-op.ts';
import { lowerings } from './index.ts';

const attentions = {
  prefill: 'ttnn.transformer.scaled_dot_product_attention(',
  decode: 'ttnn.transformer.scaled_dot_product_attention_decode(',
};

/** What each op is written as: every case is one of these, and each of these is a case. */
const calls: Readonly<Record<LocalOpName, readonly string[]>> = {
  activation: ['ttnn.silu(', 'ttnn.gelu(', 'gelu_tanh(', 'ttnn.square(', 'ttnn.relu(', 'ttnn.sigmoid(', 'ttnn.tanh('],
  add: ['ttnn.add('],
  affine: ['ttnn.multiply('],
  attention: Object.values(attentions),
  causal_conv: [],
  clamp: ['ttnn.clamp('],
  concat: ['ttnn.concat('],
  constant: ['w['],
  cos: ['ttnn.cos('],
  div: ['ttnn.divide('],
  exp: ['ttnn.exp('],
  floor: ['ttnn.floor('],
  // In decode every user has a row of its own already.
  gated_delta: [],
  gather_rows: ['ttnn.embedding(', ''],
  glu: [
    ...['ttnn.UnaryOpType.SILU', 'ttnn.multiply(ttnn.gelu(', 'ttnn.multiply(gelu_tanh(', 'ttnn.UnaryOpType.RELU'],
    ...[
      'ttnn.multiply(ttnn.square(',
      'ttnn.multiply(ttnn.multiply(',
      'ttnn.multiply(ttnn.sigmoid(',
      'ttnn.multiply(ttnn.tanh(',
    ],
  ],
  layer_norm: ['ttnn.layer_norm('],
  linear: ['ttnn.linear('],
  log: ['ttnn.log('],
  matmul: ['ttnn.linear('],
  mean: ['ttnn.mean('],
  moe: ['ttnn.scatter('],
  mul: ['ttnn.multiply('],
  reshape: ['ttnn.reshape('],
  rms_norm: ['ttnn.rms_norm('],
  rotary: ['ttnn.multiply('],
  select_keys: [],
  sin: ['ttnn.sin('],
  slice: ['ttnn.slice('],
  sqrt: ['ttnn.sqrt('],
  ssm_scan: [],
  sub: ['ttnn.subtract('],
  to_float: ['ttnn.typecast('],
};

function textOf({ parts }: Expr): string {
  return parts.map((part) => (typeof part === 'string' ? part : part.kind === 'weight' ? 'w[' : '')).join('');
}

/** What the scope of the op says in each phase, for each case, and the module that says it. */
function written(op: LocalOpName) {
  return graphsOf(op).flatMap((graph) => {
    const program = lowered(graph);
    const { text: module } = emitModule(program, op);
    return phases.map((phase) => {
      const statements = program.phases[phase].statements.filter(({ scope }) => scope === 'op');
      return { phase, module, text: statements.map(({ expr }) => textOf(expr)).join('\n') };
    });
  });
}

function hasLowering(op: OpName): op is LocalOpName {
  return isLocal(op) && lowerings[op] !== null;
}

function isLocal(op: OpName): op is LocalOpName {
  return Object.hasOwn(lowerings, op);
}

const all = Object.keys(ops).filter(isOpName);

test.each(all)('%s has a lowering, or is refused by name', (op) => {
  if (hasLowering(op)) return;
  for (const graph of graphsOf(op)) {
    expect(() => lowered(graph)).toThrow(expect.objectContaining({ device: 'n150', field: op }));
  }
});

test.each(['attention', 'moe'] as const)('what ttnn cannot do of %s is refused by name', (op) => {
  const graphs = refusableGraphsOf(op);
  expect(graphs).not.toEqual([]);
  for (const graph of graphs)
    expect(() => checkSupported(graph, { deviceType: 'n150' }, 'reference')).toThrow(
      expect.objectContaining({ device: 'n150', field: op }),
    );
});

test.each(all.filter(hasLowering))('%s is written as its ttnn calls in both phases', (op) => {
  const seen = written(op).map(({ module, text, phase }) => {
    const call = calls[op].find((one) => text.includes(one));
    expect(call, `${op} in ${phase}: ${text}`).toBeDefined();
    expect(module).toContain(call);
    return call;
  });
  expect([...new Set(seen)].toSorted()).toEqual([...calls[op]].toSorted());
});

test.each(phases)('attention in %s is that of the phase', (phase) => {
  for (const one of written('attention').filter((other) => other.phase === phase))
    expect(one.text).toContain(attentions[phase]);
});
