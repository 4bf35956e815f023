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
    """{kind, message} of an error; `filename` is that of the module whose line is to be named."""
    place = _place_in(error.__traceback__, filename)
    where = '' if place is None else f'\n  at {place}'
    if isinstance(error, Failure):
        return {'kind': error.kind, 'message': error.message + where}
    operation = _operation_in(error.__traceback__)
    if operation is not None:
        return {'kind': 'refused', 'message': f'{operation}: {useful_lines(str(error))}{where}'}
    return {'kind': 'fault', 'message': f'{type(error).__name__}: {useful_lines(str(error))}{where}'}


def useful_lines(text: str) -> str:
    """What a message of ttnn says, without the backtrace and the places in ttnn's own sources."""
    head, _, info = text.strip().partition('\ninfo:\n')
    if info:
        return info.partition('\nbacktrace:')[0].strip()
    return head.partition('\nbacktrace:')[0].partition('\n\nAvailable signatures:')[0].strip()


def _place_in(trace: TracebackType | None, filename: str | None) -> str | None:
    """`name.py:12: source` of the innermost frame that runs the module."""
    frames = [frame for frame in traceback.extract_tb(trace) if frame.filename == filename]
    return f'{filename}:{frames[-1].lineno}: {frames[-1].line}' if frames else None


def _operation_in(trace: TracebackType | None) -> str | None:
    """Name of the ttnn operation that an error came out of."""
    name = None
    while trace is not None:
        name = getattr(trace.tb_frame.f_locals.get('self'), 'python_fully_qualified_name', name)
        trace = trace.tb_next
    return name
