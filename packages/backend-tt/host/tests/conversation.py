"""The host as a process, spoken to as Node does."""

import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from frames import Frame, read_frame, write_frame

HOST = Path(__file__).parent.parent / 'host.py'
SECONDS = 50


class Conversation:
    """`with Conversation() as host: host.ask('open', …)`. The process ends with the block."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ['timeout', str(SECONDS), sys.executable, str(HOST)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._ids = itertools.count(1)
        # The one that was loaded last: what is asked is asked of it.
        self.model: int | None = None
        self.progress: list[dict[str, int]] = []

    def __enter__(self) -> 'Conversation':
        return self

    def __exit__(self, *_: Any) -> None:
        self.end()

    def ask(self, op: str, arrays: dict[str, np.ndarray] | None = None, **fields: Any) -> Frame:
        """The last reply; progress before it is kept aside."""
        number = next(self._ids)
        if op != 'open' and 'parameters' not in fields:
            fields.setdefault('model', self.model)
        write_frame(self._process.stdin, {'id': number, 'op': op, **fields}, arrays)
        while (reply := read_frame(self._process.stdout)) is not None:
            assert reply.header['id'] == number
            if 'progress' not in reply.header:
                self.model = reply.header.get('model', self.model)
                return reply
            self.progress.append(reply.header['progress'])
        raise AssertionError(f'the host ended: {self._process.stderr.read().decode()}')

    def send_bytes(self, data: bytes) -> Frame | None:
        self._process.stdin.write(data)
        self._process.stdin.close()
        return read_frame(self._process.stdout)

    def end(self) -> int:
        """Closes stdin. @returns the exit code."""
        self._process.stdin.close()
        code = self._process.wait(SECONDS)
        self._process.stdout.close()
        self._process.stderr.close()
        return code
