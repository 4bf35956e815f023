"""Runs modules of ttnn calls for another process: frames on stdin and stdout, see frames.py and session.py."""

import argparse
import os
import sys
import tempfile
from io import BufferedIOBase
from pathlib import Path

# The host may lie where nothing is to be written.
sys.dont_write_bytecode = True

from python_trouble import CANNOT_RUN, python_trouble

# No newer syntax here: old Pythons are to be told so.
trouble = python_trouble()
if trouble:
    print(trouble, file=sys.stderr)
    sys.exit(CANNOT_RUN)

from frames import FrameError, read_frame, write_frame
from session import Session


def main() -> int:
    argparse.ArgumentParser(description=__doc__).parse_args()
    replies = claim_stdout()
    folder = Path.cwd()
    # ttnn leaves reports and kernels where it works.
    with tempfile.TemporaryDirectory(prefix='tt-host-') as scratch:
        os.chdir(scratch)
        try:
            return converse(os.fdopen(0, 'rb'), replies, folder)
        finally:
            os.chdir(folder)


def claim_stdout() -> BufferedIOBase:
    """Stdout for replies alone: ttnn and its logger write there too, and get stderr instead."""
    replies = os.fdopen(os.dup(1), 'wb')
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return replies


def converse(requests: BufferedIOBase, replies: BufferedIOBase, folder: Path) -> int:
    """Answers until the requests end. @returns the exit code."""
    session = Session(lambda header: write_frame(replies, header), folder)
    try:
        while (request := read_frame(requests)) is not None:
            write_frame(replies, *session.answer(request))
        return 0
    except FrameError as error:
        write_frame(replies, {'id': None, 'error': {'kind': 'request', 'message': str(error)}})
        return 2
    finally:
        session.close()


if __name__ == '__main__':
    sys.exit(main())
