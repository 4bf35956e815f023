import {
  attentionExtras,
  cannotRun,
  type ExecutionMode,
  type Graph,
  isCollective,
  kvCachesOf,
  moeInputs,
  type Node,
  type NodeOf,
  type Support,
} from '@tttv2/graph';
import { type HardwareConfig, UnsupportedHardwareError } from '@tttv2/spec';
import { lowerings } from './lower/index.ts';
import { tile } from './phase.ts';
import { isTtFloat } from './tt-dtype.ts';

/** What a board says of a node. Golden functions pad nothing, so by them every size is right. */
export function supports(
  node: Node,
  graph: Graph,
  { useFusedKernels, deviceType }: HardwareConfig,
  mode: ExecutionMode,
): Support {
  if (isCollective(node)) return unsupported(`${deviceType} is one chip: it has nobody to exchange with`);
  const isFused = node.op === 'linear' || node.op === 'rms_norm' || node.op === 'layer_norm' || node.op === 'glu';
  if (isFused && useFusedKernels === false) return { kind: 'decompose' };
  if (
    node.op === 'moe' &&
    moeInputs(node.attrs, node.inputs).matrices.some((name) => !Object.hasOwn(graph.parameters, name))
  )
    return unsupported('its experts must be parameters: they lie on the board as one matrix');
  if (node.op === 'moe' && node.attrs.groups !== null) return unsupported('ttnn has no choice of experts by groups');
  if (node.op === 'moe' && (hasBiases(node) || node.attrs.limit !== null || node.attrs.upOffset !== 0))
    return unsupported('experts with biases, bounds or offsets are not lowered to ttnn yet');
  if (node.op === 'moe' && node.attrs.hasExpertScale)
    return unsupported('scales of experts are not lowered to ttnn yet');
  if (node.op === 'moe' && node.attrs.scored === 'inputs')
    return unsupported('scores that multiply what experts see are not lowered to ttnn yet');
  if (node.op === 'attention' && node.attrs.chunk !== null) return unsupported('ttnn has no attention within chunks');
  if (node.op === 'attention' && node.attrs.softcap !== null) return unsupported('ttnn bounds no logits of attention');
  if (node.op === 'attention' && attentionExtras(node.attrs, node.inputs).sinks !== null)
    return unsupported('sinks are not lowered to ttnn yet');
  if (node.op === 'select_keys' || (node.op === 'attention' && node.attrs.hasSelection))
    return unsupported('attention to selected keys is not lowered to ttnn yet');
  if (lowerings[node.op] === null) return unsupported('ttnn has no op that carries a state from token to token');
  const state = node.op === 'attention' ? graph.states[node.attrs.state] : undefined;
  const headDim = state?.kind === 'kv_cache' ? state.headDim : 0;
  if (mode !== 'reference' && headDim % tile !== 0)
    return unsupported(`its heads have ${headDim} dimensions, and ttnn's attention wants whole tiles of ${tile}`);
  return { kind: 'native' };
}

function hasBiases({ attrs, inputs }: NodeOf<'moe'>): boolean {
  return moeInputs(attrs, inputs).biases !== null;
}

/** @throws UnsupportedHardwareError that names the first op which the board cannot run, or what it cannot store. */
export function checkSupported(graph: Graph, hardware: HardwareConfig, mode: ExecutionMode): void {
  const { deviceType: device } = hardware;
  checkStored(graph, device);
  for (const node of graph.nodes) {
    const support = supports(node, graph, hardware, mode);
    if (support.kind !== 'unsupported') continue;
    throw cannotRun(device, node, support.reason);
  }
}

/** Types that the graph itself asks for. */
function checkStored(graph: Graph, device: string): void {
  for (const [name, { stored }] of [...Object.entries(graph.parameters), ...kvCachesOf(graph)]) {
    if (stored === null || isTtFloat(stored)) continue;
    const message = `${device}: ${name} is to be stored as ${stored}, but ttnn has float32, bfloat16, bfloat8_b and bfloat4_b`;
    throw new UnsupportedHardwareError({ device, field: 'stored', message });
  }
}

function unsupported(reason: string): Support {
  return { kind: 'unsupported', reason };
}
