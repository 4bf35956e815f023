import type { ExecutionMode } from '@tttv2/graph';
import { type HardwareConfig, UnsupportedHardwareError } from '@tttv2/spec';
import type { Precision } from './lowering.ts';
import { maxUsers } from './phase.ts';
import { isTtFloat } from './tt-dtype.ts';

/** What a hardware configuration comes to on a Tenstorrent board, with every field that was open decided. */
export interface ResolvedHardware {
  config: HardwareConfig;
  precision: Precision;
}

/** @throws UnsupportedHardwareError that names the field which cannot be honoured, and the nearest thing that works. */
export function resolveHardware(hardware: HardwareConfig, mode: ExecutionMode): ResolvedHardware {
  const refuse = (field: keyof HardwareConfig, reason: string) => {
    const message = `${hardware.deviceType}: ${field} ${JSON.stringify(hardware[field])} cannot be honoured: ${reason}`;
    throw new UnsupportedHardwareError({ device: hardware.deviceType, field, message });
  };
  if (hardware.useFlashAttention === false)
    refuse('useFlashAttention', 'ttnn has flash attention alone; leave it unset');
  if ((hardware.tensorParallelSize ?? 1) > 1)
    refuse('tensorParallelSize', 'programs of one chip are lowered so far; use 1');
  if ((hardware.pipelineParallelSize ?? 1) > 1)
    refuse('pipelineParallelSize', 'programs of one stage are lowered so far; use 1');
  if (hardware.activationCheckpointing) refuse('activationCheckpointing', 'nothing is trained here; leave it unset');
  if (hardware.quantizeActivations) refuse('quantizeActivations', 'activations are bfloat16 here; leave it unset');
  if (hardware.maxBatch !== undefined && hardware.maxBatch > maxUsers)
    refuse('maxBatch', `ttnn decodes ${maxUsers} users at once at most`);
  if (hardware.prefillChunk !== undefined)
    refuse('prefillChunk', 'a prompt is computed whole, in the smallest power of two of tiles; leave it unset');
  if (typeof hardware.precision === 'object') {
    const { activation = 'bfloat16', ...stored } = hardware.precision;
    if (activation !== 'bfloat16') refuse('precision', 'activations are bfloat16 on a board; leave activation unset');
    if (!Object.values(stored).every((dtype = 'bfloat16') => isTtFloat(dtype)))
      refuse('precision', 'ttnn has float32, bfloat16, bfloat8_b and bfloat4_b');
  }
  if (hardware.threads !== undefined) refuse('threads', 'the board schedules by itself; leave it unset');
  if (hardware.quantizeWeights && hardware.weightDtype === undefined)
    refuse('quantizeWeights', 'alone it means int8, which ttnn has not; name weightDtype bfloat8_b');
  const { weightDtype = 'bfloat16' } = hardware;
  if (hardware.quantizeWeights && (weightDtype === 'bfloat16' || weightDtype === 'float32'))
    refuse('quantizeWeights', `with weightDtype ${weightDtype} nothing is quantised; name bfloat8_b or bfloat4_b`);
  const isExact = weightDtype === 'float32';
  const { kvCacheDtype = isExact ? 'float32' : 'bfloat16' } = hardware;
  if (isExact && mode !== 'reference')
    refuse('weightDtype', "ttnn's attention computes in bfloat16; use bfloat16, or the reference mode");
  if (!isTtFloat(weightDtype)) return refuse('weightDtype', 'ttnn has float32, bfloat16, bfloat8_b and bfloat4_b');
  if (!isTtFloat(kvCacheDtype)) return refuse('kvCacheDtype', 'ttnn has float32, bfloat16, bfloat8_b and bfloat4_b');
  return {
    config: {
      ...hardware,
      useFlashAttention: true,
      weightDtype,
      kvCacheDtype,
      tensorParallelSize: 1,
      pipelineParallelSize: 1,
    },
    precision: { activations: isExact ? 'float32' : 'bfloat16', weights: weightDtype, caches: kvCacheDtype },
  };
}
