"""A model on a device: its module, its weights, and the states of those who use it."""

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from failure import Failure
from model_module import ModelModule, Tap
from tensor_bytes import tensor_bytes
from weights import Checkpoint, Expr, evaluate, to_torch

SECONDS_BETWEEN_PROGRESS = 0.2
TILE = 32
Progress = Callable[[int, int], None]
# Where a parameter comes from: a checkpoint, or the request itself.
Source = Expr | np.ndarray


class State:
    """The caches of `users` users, `length` tokens each."""

    def __init__(self, caches: dict[str, Any], users: int, length: int):
        self.caches = caches
        self.users = users
        self.length = length


class Model:
    def __init__(self, backend: Any, module: ModelModule):
        self._backend = backend
        self._module = module
        self._weights: dict[str, Any] = {}
        self._states: dict[int, State] = {}
        self._next_state = 1

    @property
    def filename(self) -> str:
        """Of its module, as errors name it."""
        return self._module.filename

    def load(self, sources: dict[str, Source], checkpoint: Checkpoint, progress: Progress) -> int:
        """Reads, converts and places every parameter. @returns bytes on the device."""
        parameters = self._module.parameters
        _check_names(parameters, sources, self._module.filename)
        sizes = {name: tensor_bytes(*parameter) for name, parameter in parameters.items()}
        total, loaded, last = sum(sizes.values()), 0, time.monotonic()
        for name, (shape, dtype, layout) in parameters.items():
            self._weights[name] = self._backend.place(_read(checkpoint, name, sources[name], shape), dtype, layout)
            loaded += sizes[name]
            if time.monotonic() - last > SECONDS_BETWEEN_PROGRESS or loaded == total:
                last = time.monotonic()
                progress(loaded, total)
        return total

    def exchange(self, module: ModelModule) -> None:
        """Runs another text on the same weights."""
        _check_names(module.parameters, self._weights, module.filename)
        before = self._module.parameters
        for name, parameter in module.parameters.items():
            if parameter != before[name]:
                message = f'{module.filename} wants {name} as {parameter}, it is loaded as {before[name]}'
                raise Failure('request', message)
        self._module = module

    def create_state(self, users: int, length: int, fill: float | None) -> int:
        caches = self._module.make_caches(self._backend.device, users, length)
        if fill is not None:
            caches = self._each_tensor(lambda tensor: self._backend.filled_like(tensor, fill), caches)
        number, self._next_state = self._next_state, self._next_state + 1
        self._states[number] = State(caches, users, length)
        return number

    def free_state(self, number: int) -> None:
        self._each_tensor(self._backend.free, self._state(number).caches)
        del self._states[number]

    def fork_state(self, number: int, source: int, target: int, length: int) -> bool:
        """Copies the first `length` positions of a user's caches; False when they are not all caches of positions."""
        state = self._state(number)
        _check_user(state, source)
        _check_user(state, target)
        caches: list[Any] = []
        self._each_tensor(caches.append, state.caches)
        if not all(len(cache.shape) == 4 and cache.shape[2] == state.length for cache in caches):
            return False
        for cache in caches:
            _, heads, _, width = cache.shape
            # Whole tiles are what fill_cache writes.
            rows = min(-(-length // TILE) * TILE, state.length)
            part = self._backend.ttnn.slice(cache, [source, 0, 0, 0], [source + 1, heads, rows, width])
            self._backend.ttnn.fill_cache(cache, part, target)
        return True

    def run(
        self,
        number: int,
        phase: str,
        user: int | None,
        arrays: dict[str, np.ndarray],
        outputs: list[str],
        taps: list[Tap],
    ) -> dict[str, np.ndarray]:
        """Outputs by name, then taps as `function@at`."""
        state = self._state(number)
        if user is not None:
            _check_user(state, user)
        step = SimpleNamespace(**self._inputs(phase, arrays), user=user, device=self._backend.device)
        with self._module.tapped(taps, self._fetch) as kept:
            results = self._module.run(phase, self._weights, state.caches, step)
        _check_there(outputs, results, f'{phase} of {self._module.filename} gives no')
        _check_there(taps, kept, f'{phase} of {self._module.filename} did not call')
        tapped = {f'{function}@{at}': kept[function, at] for function, at in taps}
        return {**{name: self._fetch(results[name]) for name in outputs}, **tapped}

    def free(self) -> None:
        for number in list(self._states):
            self.free_state(number)
        self._each_tensor(self._backend.free, self._weights)
        self._weights = {}

    def _state(self, number: int) -> State:
        if number not in self._states:
            raise Failure('request', f'there is no state {number}')
        return self._states[number]

    def _inputs(self, phase: str, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
        inputs = self._module.inputs(phase)
        if inputs.keys() != arrays.keys():
            raise Failure('request', f'{phase} takes {", ".join(inputs)}; given: {", ".join(arrays) or "nothing"}')
        return {name: self._backend.place(torch.from_numpy(arrays[name]), *kind) for name, kind in inputs.items()}

    def _fetch(self, tensor: Any) -> np.ndarray:
        if not self._backend.is_tensor(tensor):
            raise Failure('request', f'a {type(tensor).__name__} is wanted as an array: only tensors can be')
        values = self._backend.fetch(tensor)
        return (values.float() if values.is_floating_point() else values.to(torch.int32)).numpy()

    def _each_tensor(self, change: Callable[[Any], Any], tree: Any) -> Any:
        """The same dicts and tuples with their tensors changed."""
        if isinstance(tree, dict):
            return {name: self._each_tensor(change, item) for name, item in tree.items()}
        if isinstance(tree, (tuple, list)):
            return tuple(self._each_tensor(change, item) for item in tree)
        return change(tree)


def _read(checkpoint: Checkpoint, name: str, source: Source, shape: tuple[int, ...]) -> torch.Tensor:
    try:
        tensor = torch.from_numpy(source) if isinstance(source, np.ndarray) else to_torch(evaluate(checkpoint, source))
    except Failure as failure:
        raise Failure(failure.kind, f'{name}: {failure.message}') from None
    if tuple(tensor.shape) != tuple(shape):
        raise Failure('request', f'{name} is given as {list(tensor.shape)} and declared as {list(shape)}')
    return tensor


def _check_names(declared: dict[str, Any], given: dict[str, Any], filename: str) -> None:
    missing, unknown = declared.keys() - given.keys(), given.keys() - declared.keys()
    if missing or unknown:
        parts = [f'{filename} declares {_some(missing)}, which is not given'] if missing else []
        parts += [f'given is {_some(unknown)}, which {filename} does not declare'] if unknown else []
        raise Failure('request', '; '.join(parts))


def _some(names: set[str]) -> str:
    first, *rest = sorted(names)
    return f'{first} and {len(rest)} more' if rest else first


def _check_user(state: State, user: int) -> None:
    if not 0 <= user < state.users:
        raise Failure('request', f'user {user} of a state of {state.users} users')


def _check_there(wanted: list[Any], there: dict[Any, Any], message: str) -> None:
    for name in wanted:
        if name not in there:
            raise Failure('request', f'{message} {"@".join(name) if isinstance(name, tuple) else name}')
