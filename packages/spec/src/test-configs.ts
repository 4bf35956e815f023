import type { LayerSpec } from './layer-spec.ts';
import type { ModelSpec } from './model-spec.ts';
import { type Cost, ffnCost, mixerCost } from './quantities.ts';

/** A module of a model that can be tested alone, and what it should take. */
export interface TestConfig extends Cost {
  /** Its scope in the graph, as `want.taps` of a step names it: `layers.0/mixer`. */
  module: string;
  kind: NonNullable<LayerSpec['mixer']>['kind'] | NonNullable<LayerSpec['ffn']>['kind'];
  /** Milliseconds for one token at the speed that was given; null without one. */
  expectedLatency: number | null;
}

export interface TestConfigOptions {
  /** Tokens before the one that is computed; default 0. */
  context?: number;
  /** What a device can do, and bytes of a stored weight: the slower of both is expected (roofline, doi:10.1145/1498765.1498785). */
  speed?: { flopsPerSecond: number; bytesPerSecond: number; bytesPerWeight: number };
}

/** The seed's `get_test_configs`: the mixer and the network of every layer. */
export function testConfigs({ layers }: ModelSpec, { context = 0, speed }: TestConfigOptions = {}): TestConfig[] {
  return layers.flatMap((layer, i) => {
    const config = (part: string, kind: TestConfig['kind'], cost: Cost): TestConfig => ({
      module: `layers.${i}/${part}`,
      kind,
      ...cost,
      expectedLatency: speed === undefined ? null : latency(cost, speed),
    });
    return [
      ...(layer.mixer === null ? [] : [config('mixer', layer.mixer.kind, mixerCost(layer, context))]),
      ...(layer.ffn === null ? [] : [config('ffn', layer.ffn.kind, ffnCost(layer))]),
    ];
  });
}

/** A token reads the weights that it is multiplied by: half of its operations, of experts only those that it sees. */
function latency({ flops }: Cost, speed: NonNullable<TestConfigOptions['speed']>): number {
  const computing = flops / speed.flopsPerSecond;
  const reading = ((flops / 2) * speed.bytesPerWeight) / speed.bytesPerSecond;
  return 1000 * Math.max(computing, reading);
}
