import type { LocalOpName } from '@tttv2/graph';
import type { Lowering } from '../lowering.ts';
import { activation, glu } from './activation.ts';
import { affine } from './affine.ts';
import { attention } from './attention.ts';
import { clamp } from './clamp.ts';
import { concat } from './concat.ts';
import { constant } from './constant.ts';
import { binary, unary } from './elementwise.ts';
import { gatherRows } from './gather-rows.ts';
import { linear } from './linear.ts';
import { matmul } from './matmul.ts';
import { mean } from './mean.ts';
import { moe } from './moe.ts';
import { layerNorm, rmsNorm } from './norm.ts';
import { reshape } from './reshape.ts';
import { rotary } from './rotary.ts';
import { slice } from './slice.ts';
import { toFloat } from './to-float.ts';

/** How every op of one device is written in ttnn calls; null for what ttnn has no way for. A new op without an answer does not compile. */
export const lowerings: { readonly [Name in LocalOpName]: Lowering<Name> | null } = {
  activation,
  add: binary('add'),
  affine,
  attention,
  causal_conv: null,
  clamp,
  concat,
  constant,
  cos: unary('cos'),
  div: binary('div'),
  exp: unary('exp'),
  floor: unary('floor'),
  gated_delta: null,
  gather_rows: gatherRows,
  glu,
  layer_norm: layerNorm,
  linear,
  log: unary('log'),
  matmul,
  mean,
  moe,
  mul: binary('mul'),
  reshape,
  rms_norm: rmsNorm,
  rotary,
  select_keys: null,
  sin: unary('sin'),
  slice,
  sqrt: unary('sqrt'),
  ssm_scan: null,
  sub: binary('sub'),
  to_float: toFloat,
};
