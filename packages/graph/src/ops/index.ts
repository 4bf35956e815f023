import type { z } from 'zod';
import type { OpDefinition } from '../op.ts';
import { activation } from './activation.ts';
import { add } from './add.ts';
import { affine } from './affine.ts';
import { allGather } from './all-gather.ts';
import { allReduce } from './all-reduce.ts';
import { attention } from './attention.ts';
import { causalConv } from './causal-conv.ts';
import { clamp } from './clamp.ts';
import type { CollectiveDefinition } from './collective.ts';
import { concat } from './concat.ts';
import { constant } from './constant.ts';
import { cos } from './cos.ts';
import { div } from './div.ts';
import { exp } from './exp.ts';
import { floor } from './floor.ts';
import { gatedDelta } from './gated-delta.ts';
import { gatherRows } from './gather-rows.ts';
import { glu } from './glu.ts';
import { layerNorm } from './layer-norm.ts';
import { linear } from './linear.ts';
import { log } from './log.ts';
import { matmul } from './matmul.ts';
import { mean } from './mean.ts';
import { moe } from './moe.ts';
import { mul } from './mul.ts';
import { reshape } from './reshape.ts';
import { rmsNorm } from './rms-norm.ts';
import { rotary } from './rotary.ts';
import { selectKeys } from './select-keys.ts';
import { sin } from './sin.ts';
import { slice } from './slice.ts';
import { sqrt } from './sqrt.ts';
import { ssmScan } from './ssm-scan.ts';
import { sub } from './sub.ts';
import { toFloat } from './to-float.ts';

/** Ops that a device cannot compute on its own. */
const collectives = { all_gather: allGather, all_reduce: allReduce };

/** Every op of this opset, by name. */
export const ops = {
  activation,
  add,
  affine,
  attention,
  causal_conv: causalConv,
  clamp,
  concat,
  constant,
  cos,
  div,
  exp,
  floor,
  gated_delta: gatedDelta,
  gather_rows: gatherRows,
  glu,
  layer_norm: layerNorm,
  linear,
  log,
  matmul,
  mean,
  moe,
  mul,
  reshape,
  rms_norm: rmsNorm,
  rotary,
  select_keys: selectKeys,
  sin,
  slice,
  sqrt,
  ssm_scan: ssmScan,
  sub,
  to_float: toFloat,
  ...collectives,
};

/** Grows with every op that is added or whose meaning changes: a backend refuses a graph that is newer than itself. */
export const opset = 7;

export type Ops = typeof ops;
export type OpName = keyof Ops;
/** An op that needs what all devices of a group hold. */
export type CollectiveName = keyof typeof collectives;
/** An op that each device computes on its own. */
export type LocalOpName = Exclude<OpName, CollectiveName>;
export type AttrsOf<Name extends OpName> = z.output<Ops[Name]['attrs']>;

/** The definition of one op, for code that is generic in it. */
export const opTable: { readonly [Name in OpName]: OpDefinition<Name, AttrsOf<Name>> } = ops;

export const collectiveTable: {
  readonly [Name in CollectiveName]: CollectiveDefinition<Name, AttrsOf<Name>>;
} = collectives;

export function isOpName(name: string): name is OpName {
  return Object.hasOwn(ops, name);
}
