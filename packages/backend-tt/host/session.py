"""One conversation: requests in, replies out."""

import math
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from backend import open_backend
from failure import Failure, describe_error
from frames import Frame
from model_module import ModelModule

if TYPE_CHECKING:
    from model import Model

Reply = tuple[dict[str, Any], dict[str, np.ndarray]]
Header = dict[str, Any]


class Session:
    """`send` sends a reply that is not the last one to its request. Relative paths are those of `folder`."""

    def __init__(self, send: Callable[[Header], None], folder: Path):
        self._send = send
        self._folder = folder
        self._mode = ''
        self._backend: Any = None
        self._models: dict[int, 'Model'] = {}
        self._next_model = 1
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
        for model in self._models.values():
            model.free()
        self._models = {}
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
            'load': lambda header: self._load(header, request.arrays),
            'unload': self._unload,
            'createState': self._create_state,
            'freeState': lambda header: self._model_of(header).free_state(field(header, 'state', int)),
            'forkState': self._fork_state,
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
        return {'versions': versions, 'mode': mode, 'refusals': self._backend.refusals}

    def _load(self, header: Header, arrays: dict[str, np.ndarray]) -> Header:
        """Arrays of the request are parameters as they are. Without `parameters`, only the text is exchanged."""
        if self._backend is None:
            raise Failure('request', 'no device is open')
        text, name = field(header, 'module', str), field(header, 'name', str)
        self._filename = f'{name}.py'
        module = ModelModule(text, self._filename, self._backend.ttnn)
        if 'model' in header:
            self._model_of(header).exchange(module)
            return {}
        exprs = named(header, 'parameters', 'expr')
        paths = {name: str(self._folder / path) for name, path in named(header, 'files', 'path').items()}

        def progress(loaded: int, total: int) -> None:
            self._send({'id': header.get('id'), 'progress': {'loadedBytes': loaded, 'totalBytes': total}})

        # Not at the top: torch is known to be there only once a device is open.
        from model import Model
        from weights import Checkpoint

        model = Model(self._backend, module)
        loaded = model.load({**exprs, **arrays}, Checkpoint(paths), progress)
        number, self._next_model = self._next_model, self._next_model + 1
        self._models[number] = model
        return {'model': number, 'bytes': loaded}

    def _unload(self, header: Header) -> None:
        self._model_of(header).free()
        del self._models[header['model']]

    def _create_state(self, header: Header) -> Header:
        # JSON has no NaN, and JavaScript writes null for it.
        fills = {**header, 'fill': math.nan} if 'fill' in header and header['fill'] is None else header
        fill = field(fills, 'fill', (int, float)) if 'fill' in header else None
        users, length = field(header, 'users', int), field(header, 'length', int)
        return {'state': self._model_of(header).create_state(users, length, fill)}

    def _fork_state(self, header: Header) -> Header:
        facts = (field(header, name, int) for name in ('state', 'from', 'to', 'length'))
        return {'done': self._model_of(header).fork_state(*facts)}

    def _run(self, header: Header, arrays: dict[str, np.ndarray]) -> Reply:
        model = self._model_of(header)
        self._filename = model.filename
        taps = [(field(tap, 'function', str), field(tap, 'at', str)) for tap in header.get('taps', [])]
        calls = self._backend.calls
        if calls is not None:
            calls.clear()
        results = model.run(
            field(header, 'state', int),
            field(header, 'phase', str),
            field(header, 'user', int) if header.get('user') is not None else None,
            arrays,
            field(header, 'outputs', list),
            taps,
        )
        return {'mode': self._mode, **({} if calls is None else {'calls': describe_calls(calls)})}, results

    def _model_of(self, header: Header) -> 'Model':
        number = field(header, 'model', int)
        if number not in self._models:
            raise Failure('request', f'there is no model {number}')
        return self._models[number]


def describe_calls(counts: dict[tuple[str, str], int]) -> dict[str, Any]:
    """{golden, standIn, byName: {name: [kind, count]}}"""
    totals = {kind: sum(count for (_, of), count in counts.items() if of == kind) for kind in ('golden', 'standIn')}
    return {**totals, 'byName': {name: [kind, count] for (name, kind), count in counts.items()}}


def named(header: Header, name: str, content: str) -> dict[str, Any]:
    """[{name, content}, …] as {name: content}."""
    try:
        return {item['name']: item[content] for item in field(header, name, list)}
    except (KeyError, TypeError) as error:
        raise Failure('request', f'"{name}" is not a list of {{name, {content}}}: {error!r}') from None


def field(header: Header, name: str, kind: type | tuple[type, ...]) -> Any:
    value = header.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise Failure('request', f'"{name}" cannot be {value!r}')
    return value
