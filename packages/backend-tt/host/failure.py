"""What goes wrong, as a reply says it."""

import traceback
from types import TracebackType


class Failure(Exception):
    """An error with a kind: 'refused' (ttnn says no), 'request', 'checkpoint' or 'fault'."""

    def __init__(self, kind: str, message: str):
        super().__init__(message)
        self.kind = kind
        self.message = message


def describe_error(error: BaseException, filename: str | None) -> dict[str, str]:
    """{kind, message}. `filename` is that of the module: the line of it that failed is named."""
    failure = error if isinstance(error, Failure) else _failure_of(error)
    place = _place_in(error.__traceback__, filename)
    return {'kind': failure.kind, 'message': failure.message if place is None else f'{failure.message}\n  at {place}'}


def _failure_of(error: BaseException) -> Failure:
    text = str(error)
    operation = _operation_in(error.__traceback__)
    if operation is not None:
        return Failure('refused', f'{operation}: {useful_lines(text)}')
    # Of what is no operation: opening a device, making a configuration.
    if text.startswith('TT_') or 'incompatible function arguments' in text or text.startswith("module 'ttnn"):
        return Failure('refused', useful_lines(text))
    return Failure('fault', f'{type(error).__name__}: {useful_lines(text)}')


def useful_lines(text: str) -> str:
    """A message of ttnn without backtrace and signatures; where it informs, without the condition that failed."""
    shown = text.partition('\nbacktrace:')[0].partition('\n\nAvailable signatures:')[0].strip()
    return shown.partition('\ninfo:\n')[2] or shown


def _place_in(trace: TracebackType | None, filename: str | None) -> str | None:
    """`name.py:12: source` of the innermost call in the module."""
    frames = [frame for frame in traceback.extract_tb(trace) if frame.filename == filename]
    return f'{filename}:{frames[-1].lineno}: {frames[-1].line}' if frames else None


def _operation_in(trace: TracebackType | None) -> str | None:
    """Name of the ttnn operation that an error came out of."""
    name = None
    while trace is not None:
        name = getattr(trace.tb_frame.f_locals.get('self'), 'python_fully_qualified_name', name)
        trace = trace.tb_next
    return name
