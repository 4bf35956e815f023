export type { Backend, CompileOptions, LoadProgress, PlannedStep, Program, Support, WeightCache } from './backend.ts';
export { GraphBuilder } from './builder.ts';
export { cannotRun } from './cannot-run.ts';
export { checkStateOptions } from './check-state-options.ts';
export type { IndexBounds, StepLimits } from './check-step.ts';
export { cachePlaces, checkStep, indexBounds } from './check-step.ts';
export { dequantise } from './dequantise.ts';
export { describeParameters } from './describe-parameters.ts';
export type { Bindings } from './evaluate.ts';
export { evaluate, evaluateLockstep } from './evaluate.ts';
export type {
  Executable,
  ExecutableLimits,
  ExecutionMode,
  MemoryReport,
  SequenceSlice,
  State,
  StateOptions,
  Step,
  StepResult,
} from './executable.ts';
export type {
  Graph,
  GraphState,
  KvCache,
  Node,
  NodeOf,
  Parameter,
  ParameterForm,
  RecurrentState,
  Repeat,
  StateDeclaration,
  StepInput,
} from './graph.ts';
export { isCollective, kvCachesOf, stepInputs, stepInputType } from './graph.ts';
export { GraphError } from './graph-error.ts';
export { legalize } from './legalize.ts';
export type { LocalGraph } from './local-graph.ts';
export { localGraph } from './local-graph.ts';
export type { Mesh, MeshAxis, Place } from './mesh.ts';
export { groupsAlong, placesOf } from './mesh.ts';
export type { OpDefinition, OpKind, ValueId } from './op.ts';
export { attentionExtras } from './ops/attention.ts';
export { firstSeen, type Sight } from './ops/first-seen.ts';
export type { AttrsOf, CollectiveName, LocalOpName, OpName } from './ops/index.ts';
export { isOpName, ops, opset, opTable } from './ops/index.ts';
export { isExpertMatrix, moeInputs } from './ops/moe.ts';
export { printGraph } from './print.ts';
export { randomWeights } from './random-weights.ts';
export { readFloats } from './read-floats.ts';
export { readWeight } from './read-weight.ts';
export { referenceBackend } from './reference-backend.ts';
export { rewrite } from './rewrite.ts';
export type { RopeFrequencies } from './rope-frequencies.ts';
export { ropeFrequencies } from './rope-frequencies.ts';
export { scalesShape } from './scale-blocks.ts';
export type { Scope } from './scopes.ts';
export { scopesOf } from './scopes.ts';
export type { Sharding } from './sharding.ts';
export { stateOf } from './state-of.ts';
export { tapValue } from './tap.ts';
export type { FloatTensor, IntTensor, Tensor } from './tensor.ts';
export { elementCount, floats, floatTensor, ints } from './tensor.ts';
export { validate } from './validate.ts';
export { validateProgram } from './validate-program.ts';
export type { Dim, StepSizes, ValueType } from './value-type.ts';
export { concreteShape, float32, int32, showType } from './value-type.ts';
export type { StoredView, WeightExpr } from './weight-expr.ts';
export { asView, dtypeOf, isView, partsOf, shapeOf } from './weight-expr.ts';
export type { WeightFile, WeightSource } from './weight-source.ts';
