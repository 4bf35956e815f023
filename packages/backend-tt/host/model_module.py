"""The module of ttnn calls that a model was lowered to, compiled from its text."""

import ast
import builtins
import linecache
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from failure import Failure

Tap = tuple[str, str]


class ModelModule:
    """Runs a module's text with a `ttnn` of our choice. Tracebacks show its lines as those of `filename`."""

    def __init__(self, text: str, filename: str, ttnn: Any):
        self.filename = filename
        _check_imports(text, self.filename)
        self._lines = text.splitlines(keepends=True)
        self._show_lines()
        self._globals: dict[str, Any] = {
            '__name__': Path(filename).stem,
            '__builtins__': {**vars(builtins), '__import__': _importing(ttnn)},
        }
        exec(compile(text, self.filename, 'exec'), self._globals)

    @property
    def parameters(self) -> dict[str, tuple[tuple[int, ...], Any, Any]]:
        """Shape, dtype and layout by name."""
        return self._get('PARAMETERS')

    def inputs(self, phase: str) -> dict[str, tuple[Any, Any]]:
        """Dtype and layout by name."""
        inputs = self._get('INPUTS')
        if phase not in inputs:
            raise Failure('request', f'{self.filename} has no phase "{phase}", only {", ".join(inputs)}')
        return inputs[phase]

    def make_caches(self, device: Any, users: int, length: int) -> dict[str, Any]:
        self._show_lines()
        return self._get('make_caches')(device, users, length)

    def run(self, phase: str, weights: dict[str, Any], caches: dict[str, Any], step: Any) -> dict[str, Any]:
        self._show_lines()
        return self._get(phase)(weights, caches, step)

    @contextmanager
    def tapped(self, taps: list[Tap], keep: Callable[[Any], Any]) -> Iterator[dict[Tap, Any]]:
        """While entered, what each function returns when called with (w, at, …) goes through `keep` into the result."""
        kept: dict[Tap, Any] = {}
        originals = {function: self._get(function) for function, _ in taps}
        for function, original in originals.items():
            self._globals[function] = _keeping(function, original, set(taps), kept, keep)
        try:
            yield kept
        finally:
            self._globals.update(originals)

    def _show_lines(self) -> None:
        """Tracebacks show these lines, though another module may have had the same name since."""
        # An entry without a time is one that linecache does not look for in the file system.
        linecache.cache[self.filename] = (0, None, self._lines, self.filename)

    def _get(self, name: str) -> Any:
        if name not in self._globals:
            raise Failure('request', f'{self.filename} has no {name}')
        return self._globals[name]


def _keeping(
    name: str, function: Callable, taps: set[Tap], kept: dict[Tap, Any], keep: Callable[[Any], Any]
) -> Callable:
    def tapped(w: Any, at: str, *args: Any, **kwargs: Any) -> Any:
        result = function(w, at, *args, **kwargs)
        if (name, at) in taps:
            # At once: the module may free the tensor afterwards.
            kept[name, at] = keep(result)
        return result

    return tapped


def _check_imports(text: str, filename: str) -> None:
    """A model is ttnn calls and plain Python; whatever else it wants is a mistake or worse."""
    try:
        tree = ast.parse(text, filename)
    except SyntaxError as error:
        raise Failure('request', f'{filename}:{error.lineno}: {error.msg}: {(error.text or "").strip()}') from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = ['.' * node.level + (node.module or '')]
        else:
            continue
        for name in names:
            if name != 'ttnn' and name.partition('.')[0] not in sys.stdlib_module_names:
                message = f'imports {name}; only "import ttnn" and the standard library are for a model'
                raise Failure('request', f'{filename}:{node.lineno}: {message}')


def _importing(ttnn: Any) -> Callable:
    def import_(name: str, *args: Any, **kwargs: Any) -> Any:
        return ttnn if name == 'ttnn' else builtins.__import__(name, *args, **kwargs)

    return import_
