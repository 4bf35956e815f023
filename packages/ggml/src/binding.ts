import koffi, { type LibraryHandle } from 'koffi';
import { findLibrary, type GgmlLibrary } from './library.ts';
import type { Pointer } from './pointer.ts';

/**
 * koffi's names of C types, and what they are in TypeScript. `tensor` is a pointer that is never null, `sections` one to four numbers; sizes are within
 * the exact integers. koffi does not check C signatures: one missing argument is a crash, so each is written here once,
 * from ggml.h, ggml-backend.h, ggml-alloc.h of the pinned version.
 */
interface NativeTypes {
  void: undefined;
  bool: boolean;
  int: number;
  uint8: number;
  int64: number;
  size_t: number;
  float: number;
  str: string;
  pointer: Pointer | null;
  tensor: Pointer;
  sections: Int32Array;
  ggml_init_params: { mem_size: number; mem_buffer: null; no_alloc: boolean };
}
type NativeType = keyof NativeTypes;

type Arguments<Types extends readonly NativeType[]> = { [I in keyof Types]: NativeTypes[Types[I]] };

export interface NativeFunction<Result extends NativeType, Types extends readonly NativeType[]> {
  (...args: Arguments<Types>): NativeTypes[Result];
  /** The same on a thread of its own. */
  async(...args: [...Arguments<Types>, callback: (error: Error | null, result: NativeTypes[Result]) => void]): void;
}

type Load = <Result extends NativeType, const Types extends readonly NativeType[]>(
  name: string,
  result: Result,
  args: Types,
) => NativeFunction<Result, Types>;

koffi.alias('pointer', 'void *');
koffi.alias('tensor', 'void *');
koffi.alias('sections', 'int *');
koffi.struct('ggml_init_params', { mem_size: 'size_t', mem_buffer: 'void *', no_alloc: 'bool' });

/** ggml's functions, typed. `ggml_` is left out of the names. */
export type Binding = ReturnType<typeof bind>;

let loaded: Binding | null = null;

/** Loads ggml once for the process. @throws UnsupportedHardwareError when it is not there for this platform. */
export function ggml(): Binding {
  loaded ??= bind(findLibrary());
  return loaded;
}

function bind(library: GgmlLibrary) {
  // The base comes first and globally: the registry and the CPU libraries resolve their symbols against it.
  const base = loader(koffi.load(library.base, { global: true }));
  const registry = loader(koffi.load(library.registry, { global: true }));
  const unary = (name: string) => base(name, 'tensor', ['tensor', 'tensor']);
  const binary = (name: string) => base(name, 'tensor', ['tensor', 'tensor', 'tensor']);
  return {
    libraryFolder: library.folder,
    // contexts (arenas of tensor headers) and graphs
    init: base('ggml_init', 'pointer', ['ggml_init_params']),
    free: base('ggml_free', 'void', ['pointer']),
    tensorOverhead: base('ggml_tensor_overhead', 'size_t', []),
    graphOverheadCustom: base('ggml_graph_overhead_custom', 'size_t', ['size_t', 'bool']),
    newGraphCustom: base('ggml_new_graph_custom', 'pointer', ['pointer', 'size_t', 'bool']),
    buildForwardExpand: base('ggml_build_forward_expand', 'void', ['pointer', 'tensor']),
    version: base('ggml_version', 'str', []),
    quantizeChunk: base('ggml_quantize_chunk', 'size_t', [
      ...(['int', 'tensor', 'tensor', 'int64', 'int64', 'int64', 'pointer'] as const),
    ]),
    logSet: base('ggml_log_set', 'void', ['pointer', 'pointer']),
    // tensors
    newTensor4d: base('ggml_new_tensor_4d', 'tensor', ['tensor', 'int', 'int64', 'int64', 'int64', 'int64']),
    getData: base('ggml_get_data', 'pointer', ['tensor']),
    nbytes: base('ggml_nbytes', 'size_t', ['tensor']),
    setInput: base('ggml_set_input', 'void', ['tensor']),
    setOutput: base('ggml_set_output', 'void', ['tensor']),
    // operators
    add: binary('ggml_add'),
    sub: binary('ggml_sub'),
    mul: binary('ggml_mul'),
    div: binary('ggml_div'),
    mulMat: binary('ggml_mul_mat'),
    mulMatId: base('ggml_mul_mat_id', 'tensor', ['tensor', 'tensor', 'tensor', 'tensor']),
    addId: base('ggml_add_id', 'tensor', ['tensor', 'tensor', 'tensor', 'tensor']),
    argsortTopK: base('ggml_argsort_top_k', 'tensor', ['tensor', 'tensor', 'int']),
    repeat4d: base('ggml_repeat_4d', 'tensor', ['tensor', 'tensor', 'int64', 'int64', 'int64', 'int64']),
    topK: base('ggml_top_k', 'tensor', ['tensor', 'tensor', 'int']),
    sumRows: unary('ggml_sum_rows'),
    getRows: binary('ggml_get_rows'),
    setRows: base('ggml_set_rows', 'tensor', ['tensor', 'tensor', 'tensor', 'tensor']),
    cpy: binary('ggml_cpy'),
    cast: base('ggml_cast', 'tensor', ['tensor', 'tensor', 'int']),
    cont: unary('ggml_cont'),
    concat: base('ggml_concat', 'tensor', ['tensor', 'tensor', 'tensor', 'int']),
    scaleBias: base('ggml_scale_bias', 'tensor', ['tensor', 'tensor', 'float', 'float']),
    mean: unary('ggml_mean'),
    sqrt: unary('ggml_sqrt'),
    sin: unary('ggml_sin'),
    cos: unary('ggml_cos'),
    exp: unary('ggml_exp'),
    floor: unary('ggml_floor'),
    log: unary('ggml_log'),
    silu: unary('ggml_silu'),
    relu: unary('ggml_relu'),
    softplus: unary('ggml_softplus'),
    sqr: unary('ggml_sqr'),
    tanh: unary('ggml_tanh'),
    clamp: base('ggml_clamp', 'tensor', ['tensor', 'tensor', 'float', 'float']),
    fill: base('ggml_fill', 'tensor', ['tensor', 'tensor', 'float']),
    gelu: unary('ggml_gelu'),
    geluErf: unary('ggml_gelu_erf'),
    sigmoid: unary('ggml_sigmoid'),
    swigluSplit: binary('ggml_swiglu_split'),
    regluSplit: binary('ggml_reglu_split'),
    gegluSplit: binary('ggml_geglu_split'),
    gegluErfSplit: binary('ggml_geglu_erf_split'),
    rmsNorm: base('ggml_rms_norm', 'tensor', ['tensor', 'tensor', 'float']),
    norm: base('ggml_norm', 'tensor', ['tensor', 'tensor', 'float']),
    softMaxExt: base('ggml_soft_max_ext', 'tensor', ['tensor', 'tensor', 'pointer', 'float', 'float']),
    softMaxAddSinks: base('ggml_soft_max_add_sinks', 'void', ['tensor', 'pointer']),
    ropeExt: base('ggml_rope_ext', 'tensor', [
      ...(['tensor', 'tensor', 'tensor', 'pointer', 'int', 'int', 'int'] as const),
      ...(['float', 'float', 'float', 'float', 'float', 'float'] as const),
    ]),
    ropeMulti: base('ggml_rope_multi', 'tensor', [
      ...(['tensor', 'tensor', 'tensor', 'pointer', 'int', 'sections', 'int', 'int'] as const),
      ...(['float', 'float', 'float', 'float', 'float', 'float'] as const),
    ]),
    flashAttnExt: base('ggml_flash_attn_ext', 'tensor', [
      ...(['tensor', 'tensor', 'tensor', 'tensor', 'pointer', 'float', 'float', 'float'] as const),
    ]),
    flashAttnExtAddSinks: base('ggml_flash_attn_ext_add_sinks', 'void', ['tensor', 'pointer']),
    ssmConv: binary('ggml_ssm_conv'),
    ssmScan: base('ggml_ssm_scan', 'tensor', [
      ...(['tensor', 'tensor', 'tensor', 'tensor', 'tensor', 'tensor', 'tensor', 'tensor', 'int64'] as const),
    ]),
    gatedDeltaNet: base('ggml_gated_delta_net', 'tensor', [
      ...(['tensor', 'tensor', 'tensor', 'tensor', 'tensor', 'tensor', 'tensor', 'int64'] as const),
    ]),
    lightningIndexer: base('ggml_lightning_indexer', 'tensor', ['tensor', 'tensor', 'tensor', 'tensor', 'tensor']),
    precSetAcc: base('ggml_prec_set_acc', 'bool', ['tensor', 'int']),
    reshape4d: base('ggml_reshape_4d', 'tensor', ['tensor', 'tensor', 'int64', 'int64', 'int64', 'int64']),
    view4d: base('ggml_view_4d', 'tensor', [
      ...(['tensor', 'tensor', 'int64', 'int64', 'int64', 'int64', 'size_t', 'size_t', 'size_t', 'size_t'] as const),
    ]),
    permute: base('ggml_permute', 'tensor', ['tensor', 'tensor', 'int', 'int', 'int', 'int']),
    // buffers and allocation
    cpuBufferFromPtr: base('ggml_backend_cpu_buffer_from_ptr', 'pointer', ['pointer', 'size_t']),
    tensorSet: base('ggml_backend_tensor_set', 'void', ['tensor', 'tensor', 'size_t', 'size_t']),
    tensorAlloc: base('ggml_backend_tensor_alloc', 'int', ['pointer', 'tensor', 'pointer']),
    cpuBufferType: base('ggml_backend_cpu_buffer_type', 'pointer', []),
    buftGetAllocSize: base('ggml_backend_buft_get_alloc_size', 'size_t', ['pointer', 'tensor']),
    bufferFree: base('ggml_backend_buffer_free', 'void', ['pointer']),
    bufferClear: base('ggml_backend_buffer_clear', 'void', ['pointer', 'uint8']),
    bufferGetSize: base('ggml_backend_buffer_get_size', 'size_t', ['pointer']),
    bufferSetUsage: base('ggml_backend_buffer_set_usage', 'void', ['pointer', 'int']),
    allocCtxTensorsFromBuft: base('ggml_backend_alloc_ctx_tensors_from_buft', 'pointer', ['pointer', 'pointer']),
    allocCtxTensors: base('ggml_backend_alloc_ctx_tensors', 'pointer', ['pointer', 'pointer']),
    getDefaultBufferType: base('ggml_backend_get_default_buffer_type', 'pointer', ['pointer']),
    gallocrNew: base('ggml_gallocr_new', 'pointer', ['pointer']),
    gallocrFree: base('ggml_gallocr_free', 'void', ['pointer']),
    gallocrAllocGraph: base('ggml_gallocr_alloc_graph', 'bool', ['pointer', 'pointer']),
    gallocrReserveNSize: base('ggml_gallocr_reserve_n_size', 'void', [
      ...(['pointer', 'pointer', 'pointer', 'pointer', 'pointer'] as const),
    ]),
    gallocrGetBufferSize: base('ggml_gallocr_get_buffer_size', 'size_t', ['pointer', 'int']),
    // backends
    loadAllFromPath: registry('ggml_backend_load_all_from_path', 'void', ['str']),
    initByType: registry('ggml_backend_init_by_type', 'pointer', ['int', 'pointer']),
    backendFree: base('ggml_backend_free', 'void', ['pointer']),
    graphCompute: base('ggml_backend_graph_compute', 'int', ['pointer', 'pointer']),
    getDevice: base('ggml_backend_get_device', 'pointer', ['pointer']),
    devSupportsOp: base('ggml_backend_dev_supports_op', 'bool', ['pointer', 'tensor']),
    devDescription: base('ggml_backend_dev_description', 'str', ['pointer']),
    devBackendReg: base('ggml_backend_dev_backend_reg', 'pointer', ['pointer']),
    regGetProcAddress: base('ggml_backend_reg_get_proc_address', 'pointer', ['pointer', 'str']),
    threadpoolParamsInit: base('ggml_threadpool_params_init', 'void', ['pointer', 'int']),
  };
}

function loader(library: LibraryHandle): Load {
  return (name, result, args) => library.func(name, result, [...args]);
}

/** A typed function behind an address, e.g. one that a backend's registry hands out. */
export function functionAt<Result extends NativeType, const Types extends readonly NativeType[]>(
  address: Pointer,
  result: Result,
  args: Types,
): NativeFunction<Result, Types> {
  return koffi.decode(address, koffi.proto(result, [...args]));
}
