export { alibiSlopes } from './alibi-slopes.ts';
export type {
  AttentionOptions,
  AttentionSpec,
  AttentionType,
  InlineAttentionSpec,
  QkNormOptions,
  QkNormSpec,
} from './attention-spec.ts';
export { attentionSpec, attentionSpecSchema, attentionTypeOf, outputGateWidth } from './attention-spec.ts';
export type { DeviceSpec } from './device-spec.ts';
export { deviceSpecSchema } from './device-spec.ts';
export type { DeviceStorage, ProductLayout } from './device-storage.ts';
export { deviceStorage } from './device-storage.ts';
export type { Dtype } from './dtype.ts';
export { bytesOf, dtypeSchema, dtypes } from './dtype.ts';
export { dtypeForRows } from './dtype-for-rows.ts';
export { CheckpointError } from './errors/checkpoint-error.ts';
export { DeviceLostError } from './errors/device-lost-error.ts';
export { DoesNotFitError } from './errors/does-not-fit-error.ts';
export { RequestError } from './errors/request-error.ts';
export { SpecError } from './errors/spec-error.ts';
export type { Blame } from './errors/ttt-error.ts';
export { TttError } from './errors/ttt-error.ts';
export { UnsupportedHardwareError } from './errors/unsupported-hardware-error.ts';
export { UnsupportedModelError } from './errors/unsupported-model-error.ts';
export { WeightMismatchError } from './errors/weight-mismatch-error.ts';
export type { ActivationType, FfnOptions, FfnSpec } from './ffn-spec.ts';
export { activationTypeSchema, ffnSpec, ffnSpecSchema } from './ffn-spec.ts';
export type { GatedDeltaOptions, GatedDeltaSpec } from './gated-delta-spec.ts';
export { gatedDeltaSpec } from './gated-delta-spec.ts';
export type { HardwareConfig } from './hardware-config.ts';
export { hardwareConfig, hardwareConfigSchema } from './hardware-config.ts';
export { hardwareConfigJsonSchema, modelSpecJsonSchema } from './json-schema.ts';
export type { LayerKind } from './layer-kinds.ts';
export { layerKindsOf } from './layer-kinds.ts';
export type { InlineLayerSpec, LayerNorms, LayerOptions, LayerSpec, MixerSpec } from './layer-spec.ts';
export { hiddenDimOf, layerSpec, layerSpecSchema } from './layer-spec.ts';
export type { InlineMlaSpec, MlaOptions, MlaSpec, SelectionSpec } from './mla-spec.ts';
export { mlaSpec } from './mla-spec.ts';
export type { ModelOptions, ModelSpec } from './model-spec.ts';
export { modelSpec, modelSpecSchema, parseModelSpec } from './model-spec.ts';
export type { MoeOptions, MoeSpec, RouterSpec } from './moe-spec.ts';
export { moeSpec } from './moe-spec.ts';
export type { NormSpec, NormType } from './norm-spec.ts';
export { normSpecSchema } from './norm-spec.ts';
export { parseWith } from './parse.ts';
export type { Precision, PrecisionPreset } from './precision.ts';
export { precisionPresetSchema, precisionSchema } from './precision.ts';
export type { ParameterCount } from './quantities.ts';
export { countParameters, flopsPerToken, kvCacheBytes, recurrentStateBytes } from './quantities.ts';
export type { MropeSpec, RopeScaling, RopeSpec } from './rope-spec.ts';
export { axisOfPair, isLengthDependent, positionAxesOf, ropeScalingSchema, ropeSpecSchema } from './rope-spec.ts';
export type { SsdOptions, SsdSpec, SsdWidths } from './ssd-spec.ts';
export { ssdSpec, ssdSpecSchema, ssdWidths } from './ssd-spec.ts';
export type { KvCacheDtype, WeightDtype } from './storage-dtypes.ts';
export { kvCacheDtypeSchema, weightDtypeSchema } from './storage-dtypes.ts';
export type { TestConfig, TestConfigOptions } from './test-configs.ts';
export { testConfigs } from './test-configs.ts';
export type { UniformOptions } from './uniform.ts';
export { uniformModelSpec } from './uniform.ts';
