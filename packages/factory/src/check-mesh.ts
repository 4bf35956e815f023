import { type DeviceSpec, type HardwareConfig, UnsupportedHardwareError } from '@tttv2/spec';

/** @throws UnsupportedHardwareError when a model is to be cut over more devices than there are. */
export function checkMesh({ name, mesh }: DeviceSpec, hardware: HardwareConfig): void {
  const { tensorParallelSize = 1, pipelineParallelSize = 1 } = hardware;
  const devices = mesh[0] * mesh[1];
  const wanted = tensorParallelSize * pipelineParallelSize;
  if (wanted <= devices) return;
  const there = devices === 1 ? 'is one device' : `has ${devices} devices`;
  const most = devices === 1 ? 1 : `up to ${devices}`;
  const refuse = (field: keyof HardwareConfig, asked: string, remedy: string) => {
    const message = `${name}: ${asked}, but ${name} ${there}: use ${remedy}`;
    throw new UnsupportedHardwareError({ device: name, field, message });
  };
  if (pipelineParallelSize === 1)
    refuse('tensorParallelSize', `tensorParallelSize is ${tensorParallelSize}`, `${most}`);
  if (tensorParallelSize === 1)
    refuse('pipelineParallelSize', `pipelineParallelSize is ${pipelineParallelSize}`, `${most}`);
  const stages = `${pipelineParallelSize} stages on ${tensorParallelSize} devices each are ${wanted}`;
  refuse('pipelineParallelSize', stages, `a product of pipelineParallelSize and tensorParallelSize of ${most}`);
}
