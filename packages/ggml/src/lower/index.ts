import type { LocalOpName } from '@tttv2/graph';
import type { Lowering } from '../lowering.ts';
import { activation } from './activation.ts';
import { affine } from './affine.ts';
import { attention } from './attention.ts';
import { causalConv } from './causal-conv.ts';
import { clamp } from './clamp.ts';
import { concat } from './concat.ts';
import { constant } from './constant.ts';
import { binary, unary } from './elementwise.ts';
import { gatedDelta } from './gated-delta.ts';
import { gatherRows } from './gather-rows.ts';
import { glu } from './glu.ts';
import { layerNorm } from './layer-norm.ts';
import { linear } from './linear.ts';
import { matmul } from './matmul.ts';
import { moe } from './moe.ts';
import { reshape } from './reshape.ts';
import { rmsNorm } from './rms-norm.ts';
import { rotary } from './rotary.ts';
import { selectKeys } from './select-keys.ts';
import { slice } from './slice.ts';
import { ssmScan } from './ssm-scan.ts';
import { toFloat } from './to-float.ts';

/** The native form of every op that a device computes on its own: a new one without does not compile. */
export const lowerings: { readonly [Name in LocalOpName]: Lowering<Name> } = {
  activation,
  add: binary('add'),
  affine,
  attention,
  causal_conv: causalConv,
  clamp,
  concat,
  constant,
  cos: unary('cos'),
  div: binary('div'),
  exp: unary('exp'),
  floor: unary('floor'),
  gated_delta: gatedDelta,
  gather_rows: gatherRows,
  glu,
  layer_norm: layerNorm,
  linear,
  log: unary('log'),
  matmul,
  mean: unary('mean'),
  moe,
  mul: binary('mul'),
  reshape,
  rms_norm: rmsNorm,
  rotary,
  select_keys: selectKeys,
  sin: unary('sin'),
  slice,
  sqrt: unary('sqrt'),
  ssm_scan: ssmScan,
  sub: binary('sub'),
  to_float: toFloat,
};
