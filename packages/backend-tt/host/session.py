"""One conversation: requests in, replies out."""

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from backend import open_backend
from failure import Failure, describe_error
from frames import Frame
from model import Model
from model_module import ModelModule
from weights import Checkpoint

Reply = tuple[dict[str, Any], dict[str, np.ndarray]]
Header = dict[str, Any]


class Session:
    """`send` sends a reply that is not the last one to its request. Relative paths are those of `folder`."""

    def __init__(self, send: Callable[[Header], None], folder: Path):
        self._send = send
        self._folder = folder
        self._mode = ''
        self._backend: Any = None
        self._model: Model | None = None
        # Of the module that an error may have come out of.
        self._filename: str | None = None

    def answer(self, request: Frame) -> Reply:
        """The last reply to a request. Whatever goes wrong is a reply too."""
        identity = {'id': request.header.get('id')}
        try:
            header, arrays = self._perform(request)
            return {**identity, 'ok': True, **header}, arrays
        except Exception as error:
            failure = describe_error(error, self._filename)
            if failure['kind'] == 'fault':
                traceback.print_exception(error)
            return {**identity, 'error': failure}, {}

    def close(self) -> None:
        self._unload()
        if self._backend is not None:
            self._backend.close()
        self._backend = None

    def _perform(self, request: Frame) -> Reply:
        header = request.header
        op = field(header, 'op', str)
        if op == 'run':
            return self._run(header, request.arrays)
        operations = {
            'open': self._open,
            'load': self._load,
            'unload': lambda _: self._unload(),
            'createState': self._create_state,
            'freeState': lambda header: self._loaded().free_state(field(header, 'state', int)),
            'forkState': self._fork_state,
            'memory': self._memory,
            'close': lambda _: self.close(),
        }
        if op not in operations:
            raise Failure('request', f'there is no op "{op}", only run, {", ".join(operations)}')
        return operations[op](header) or {}, {}

    def _open(self, header: Header) -> Header:
        if self._backend is not None:
            raise Failure('request', 'a device is open already')
        mode, board, mesh = field(header, 'mode', str), field(header, 'board', str), field(header, 'mesh', list)
        self._backend, versions = open_backend(mode, board, mesh)
        self._mode = mode
        return {'versions': versions, 'mode': mode}

    def _load(self, header: Header) -> Header:
        if self._backend is None:
            raise Failure('request', 'no device is open')
        text, name = field(header, 'module', str), field(header, 'name', str)
        self._filename = f'{name}.py'
        module = ModelModule(text, self._filename, self._backend.ttnn)
        if 'parameters' not in header:
            return {'bytes': self._loaded().exchange(module)}
        self._unload()
        exprs = {parameter['name']: parameter['expr'] for parameter in field(header, 'parameters', list)}
        paths = {file['name']: str(self._folder / file['path']) for file in field(header, 'files', list)}

        def progress(loaded: int, total: int) -> None:
            self._send({'id': header.get('id'), 'progress': {'loadedBytes': loaded, 'totalBytes': total}})

        model = Model(self._backend, module)
        loaded = model.load(exprs, Checkpoint(paths), progress)
        self._model = model
        return {'bytes': loaded}

    def _unload(self) -> None:
        if self._model is not None:
            self._model.free()
        self._model = None

    def _create_state(self, header: Header) -> Header:
        fill = field(header, 'fill', (int, float)) if 'fill' in header else None
        return {'state': self._loaded().create_state(field(header, 'users', int), field(header, 'length', int), fill)}

    def _fork_state(self, header: Header) -> Header:
        return {'done': self._loaded().fork_state(*(field(header, name, int) for name in ('state', 'from', 'to', 'length')))}

    def _memory(self, _header: Header) -> Header:
        model = self._model
        return {'weights': 0 if model is None else model.weight_bytes(), 'states': 0 if model is None else model.state_bytes()}

    def _run(self, header: Header, arrays: dict[str, np.ndarray]) -> Reply:
        model = self._loaded()
        taps = [(tap['function'], tap['at']) for tap in header.get('taps', [])]
        calls = self._backend.calls
        if calls is not None:
            calls.clear()
        results = model.run(
            field(header, 'state', int),
            field(header, 'phase', str),
            field(header, 'user', int) if 'user' in header else None,
            arrays,
            field(header, 'outputs', list),
            taps,
        )
        return {'mode': self._mode, **({} if calls is None else {'calls': describe_calls(calls)})}, results

    def _loaded(self) -> Model:
        if self._model is None:
            raise Failure('request', 'no model is loaded')
        return self._model


def describe_calls(counts: dict[tuple[str, str], int]) -> dict[str, Any]:
    """{golden, standIn, byName: {name: [kind, count]}}"""
    totals = {kind: sum(count for (_, of), count in counts.items() if of == kind) for kind in ('golden', 'standIn')}
    return {**totals, 'byName': {name: [kind, count] for (name, kind), count in counts.items()}}


def field(header: Header, name: str, kind: type | tuple[type, ...]) -> Any:
    value = header.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise Failure('request', f'"{name}" of {header.get("op", "a request")} is {value!r}')
    return value
