"""`ttnn` on the CPU: a namespace whose operations are ttnn's own golden functions, and stand-ins where it has none.

It shows that a module computes the right model. It says nothing of what a board accepts, nor of how it rounds inside an
operation: each operation is computed in float32 and its result rounded once, to the dtype that ttnn would store.
"""

import inspect
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import torch
import ttnn

from failure import Failure
from stand_ins import STAND_INS

# Functions of ttnn that make plain values and touch no device.
CONSTRUCTORS = {'create_sharded_memory_config', 'init_device_compute_kernel_config', 'num_cores_to_corerangeset'}
# Operations that write into their first tensor.
IN_PLACE = {
    'experimental.paged_update_cache',
    'fill_cache',
    'kv_cache.fill_cache_for_user_',
    'kv_cache.update_cache_for_token_',
    'update_cache',
}
# Where and how a board computes; a golden function need not know.
PLACEMENT = {'compute_kernel_config', 'core_grid', 'device', 'layout', 'memory_config', 'program_config', 'queue_id'}
BLOCK_FLOATS = (ttnn.bfloat8_b, ttnn.bfloat4_b)
INTEGERS = (ttnn.uint32, ttnn.int32, ttnn.uint16, ttnn.uint8)
# What ttnn says of mock boards.
BOARDS = {
    'n150': (ttnn.device.Arch.WORMHOLE_B0, ttnn.CoreCoord(8, 8)),
    'n300': (ttnn.device.Arch.WORMHOLE_B0, ttnn.CoreCoord(8, 7)),
    'p150': (ttnn.device.Arch.BLACKHOLE, ttnn.CoreCoord(13, 10)),
}


@dataclass
class ReferenceDevice:
    """The few things that a module asks of a device."""

    board: str

    def arch(self) -> Any:
        return BOARDS[self.board][0]

    def compute_with_storage_grid_size(self) -> Any:
        return BOARDS[self.board][1]

    def get_num_devices(self) -> int:
        return 1

    @property
    def shape(self) -> Any:
        return ttnn.MeshShape(1, 1)


@dataclass(eq=False)
class ReferenceTensor:
    """float32 that `dtype` can hold (a CPU's bfloat16 arithmetic is a hundred times slower), or integers."""

    values: torch.Tensor
    dtype: Any
    layout: Any

    @property
    def shape(self) -> Any:
        return ttnn.Shape(list(self.values.shape))


class Reference:
    """The backend of mode `reference`."""

    def __init__(self, board: str):
        self.device = ReferenceDevice(board)
        self.calls: Counter[tuple[str, str]] = Counter()
        self.refusals: list[str] = []
        self.ttnn = Namespace('', ttnn, self.calls)

    def place(self, tensor: torch.Tensor, dtype: Any, layout: Any) -> ReferenceTensor:
        return ReferenceTensor(stored(tensor, dtype), dtype, layout)

    def fetch(self, tensor: ReferenceTensor) -> torch.Tensor:
        return tensor.values

    def filled_like(self, tensor: ReferenceTensor, value: float) -> ReferenceTensor:
        return self.place(torch.full_like(tensor.values, value), tensor.dtype, tensor.layout)

    def is_tensor(self, value: Any) -> bool:
        return isinstance(value, ReferenceTensor)

    def free(self, tensor: ReferenceTensor) -> None:
        """Python does."""

    def close(self) -> None:
        """There is no device."""


class Namespace:
    """ttnn, or a module of it, with its operations replaced. `calls` counts them by (name, 'golden' or 'standIn')."""

    def __init__(self, path: str, real: ModuleType, calls: Counter[tuple[str, str]]):
        self._path = path
        self._real = real
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        if name.startswith('__'):
            raise AttributeError(name)
        path = f'{self._path}.{name}' if self._path else name
        if not hasattr(self._real, name):
            raise Failure('refused', f'ttnn has no ttnn.{path}')
        value = self._resolve(path, getattr(self._real, name))
        # Found at once the next time.
        setattr(self, name, value)
        return value

    def _resolve(self, path: str, real: Any) -> Any:
        if isinstance(real, ModuleType):
            return Namespace(path, real, self._calls)
        if path in STAND_INS:
            return self._counted(path, STAND_INS[path], 'standIn')
        if path == 'deallocate':
            return lambda *_args, **_kwargs: None
        if not callable(real) or isinstance(real, type) or path in CONSTRUCTORS:
            return real
        golden = getattr(real, 'golden_function', None)
        # Golden functions with this mark write into their first input only when asked by ttnn's comparison mode.
        if golden is None or hasattr(golden, '_ttnn_mutates_global_inputs'):
            raise Failure('refused', f'ttnn.{path} has neither a golden function of ttnn nor a stand-in')
        return self._counted(path, golden, 'golden')

    def _counted(self, path: str, function: Callable[..., Any], kind: str) -> Callable[..., Any]:
        operation = in_place(function) if path in IN_PLACE else out_of_place(function)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._calls[path, kind] += 1
            try:
                args, kwargs = adjusted(path, args, kwargs)
                return operation(*args, **kwargs)
            except Exception as error:
                raise Failure('refused', f'ttnn.{path}: {error}') from error

        return call


def out_of_place(function: Callable) -> Callable:
    """A function of torch tensors as one of ReferenceTensors. Results are no views of arguments: ttnn's are not."""

    def operation(*args: Any, **kwargs: Any) -> Any:
        dtype, layout = output_kind(args, kwargs)
        result = function(*unwrapped(args), **unwrapped(accepted(function, kwargs)))
        inputs = {tensor.values.untyped_storage().data_ptr() for tensor in tensors_in([args, kwargs])}

        def wrap(values: torch.Tensor) -> ReferenceTensor:
            kind = ttnn.uint32 if are_places(values) and dtype not in INTEGERS else dtype
            kept = stored(values, kind)
            shared = kept.untyped_storage().data_ptr() in inputs
            return ReferenceTensor(kept.clone() if shared else kept, kind, layout)

        return type(result)(map(wrap, result)) if isinstance(result, (tuple, list)) else wrap(result)

    return operation


def in_place(function: Callable) -> Callable:
    """As `out_of_place`, for a function that writes into its first tensor, in the dtype of that."""

    def operation(cache: ReferenceTensor, x: ReferenceTensor, *args: Any, **kwargs: Any) -> ReferenceTensor:
        values = stored(x.values, cache.dtype)
        function(cache.values, values, *unwrapped(args), **unwrapped(accepted(function, kwargs)))
        return cache

    return operation


def adjusted(path: str, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """Arguments that are right, but that a golden function would take wrongly."""
    if path == 'fill_cache' and not 0 <= args[2] < args[0].values.shape[0]:
        # The golden function writes nowhere, and says nothing.
        raise ValueError(f'user {args[2]} of a cache of {args[0].values.shape[0]}')
    if path == 'layer_norm':
        # The golden function wants vectors where ttnn takes [1, 1, D / 32, 32], and adds a residual in place.
        vectors = {name: flat(kwargs[name]) for name in ('weight', 'bias') if kwargs.get(name) is not None}
        return (replace(args[0], values=args[0].values.clone()), *args[1:]), {**kwargs, **vectors}
    return args, kwargs


def flat(tensor: ReferenceTensor) -> ReferenceTensor:
    return replace(tensor, values=tensor.values.flatten())


def unwrapped(value: Any) -> Any:
    if isinstance(value, ReferenceTensor):
        return value.values
    if isinstance(value, ttnn.Shape):
        return tuple(value)
    if isinstance(value, (tuple, list)):
        return type(value)(map(unwrapped, value))
    if isinstance(value, dict):
        return {name: unwrapped(item) for name, item in value.items()}
    return value


def accepted(function: Callable, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Without the placement that a function does not know. What else it does not know is an error: it may matter."""
    parameters = inspect.signature(function).parameters.values()
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        return kwargs
    known = {parameter.name for parameter in parameters}
    return {name: value for name, value in kwargs.items() if name in known or name not in PLACEMENT}


def tensors_in(value: Any) -> list[ReferenceTensor]:
    if isinstance(value, ReferenceTensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [tensor for item in value for tensor in tensors_in(item)] if isinstance(value, (tuple, list)) else []


def output_kind(args: tuple, kwargs: dict[str, Any]) -> tuple[Any, Any]:
    """Dtype and layout of a result in ttnn: those that were asked for, else those of the first tensor of numbers."""
    values = [*args, *kwargs.values()]
    tensors = sorted(tensors_in(values), key=lambda tensor: tensor.dtype in INTEGERS)
    inherited = (tensors[0].dtype, tensors[0].layout) if tensors else (ttnn.bfloat16, ttnn.ROW_MAJOR_LAYOUT)
    return last_of(ttnn.DataType, values, inherited[0]), last_of(ttnn.Layout, values, inherited[1])


def last_of(kind: type, values: list[Any], default: Any) -> Any:
    return next((value for value in reversed(values) if isinstance(value, kind)), default)


def are_places(values: torch.Tensor) -> bool:
    """What argmax and topk say."""
    return not values.is_floating_point() and values.dtype != torch.bool


def stored(values: torch.Tensor, dtype: Any) -> torch.Tensor:
    """The numbers after a round trip through `dtype`."""
    if dtype in INTEGERS:
        return values.long()
    if dtype == ttnn.bfloat16:
        return values.to(torch.bfloat16).float()
    if dtype in BLOCK_FLOATS:
        return ttnn.Tensor(tensor=values.float().contiguous(), data_type=dtype, layout=ttnn.TILE_LAYOUT).to_torch()
    if dtype == ttnn.float32:
        return values.float()
    raise ValueError(f'{dtype} is not modelled')
