"""Puts the host on the path, and ttnn's files, caches and noise out of the way."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
HOST = TESTS.parent
SCRATCH = tempfile.TemporaryDirectory(prefix='tt-host-tests-')
sys.path[:0] = [str(HOST), str(TESTS)]
sys.dont_write_bytecode = True
os.environ.update(
    TT_METAL_MOCK_CLUSTER_DESC_PATH=str(HOST / 'clusters' / 'n150.yaml'),
    TT_METAL_CACHE=SCRATCH.name,
    TT_LOGGER_LEVEL='fatal',
    LOGURU_LEVEL='WARNING',
)


@pytest.fixture(autouse=True, scope='session')
def in_scratch_folder() -> Iterator[None]:
    """ttnn writes reports where it works."""
    before = Path.cwd()
    os.chdir(SCRATCH.name)
    yield
    os.chdir(before)


def pytest_unconfigure() -> None:
    SCRATCH.cleanup()
    # This file was compiled before it could say that nothing is to be.
    shutil.rmtree(TESTS / '__pycache__', ignore_errors=True)
