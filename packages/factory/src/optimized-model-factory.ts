import type { HardwareConfig, ModelSpec } from '@tttv2/spec';
import type { Model } from './model.ts';
import { createModelFactory, type FromSpecOptions, type ModelFactoryOptions } from './model-factory.ts';

/** The seed's `OptimizedModelFactory`: a specification and a hardware configuration are a model. */
export interface OptimizedModelFactory {
  /**
   * The model on the device that `hardware.deviceType` names, its graph after the passes that `hardware` asks for.
   * @throws SpecError, UnsupportedHardwareError, DoesNotFitError, WeightMismatchError
   */
  create(
    spec: ModelSpec,
    hardware: HardwareConfig,
    options?: Omit<FromSpecOptions, 'device' | 'hardware'>,
  ): Promise<Model>;
}

/** One over backends that are plugged in. */
export function createOptimizedModelFactory(options: ModelFactoryOptions): OptimizedModelFactory {
  const factory = createModelFactory(options);
  return {
    create: (spec, { deviceType: device, ...hardware }, rest = {}) =>
      factory.fromSpec(spec, { ...rest, device, hardware }),
  };
}
