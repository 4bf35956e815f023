"""Puts the host on the path, and ttnn's files, caches and noise out of the way."""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

HOST = Path(__file__).parent.parent
SCRATCH = tempfile.TemporaryDirectory(prefix='tt-host-tests-')
sys.path.insert(0, str(HOST))
sys.dont_write_bytecode = True
os.environ.update(
    TT_METAL_MOCK_CLUSTER_DESC_PATH=str(HOST / 'clusters' / 'n150.yaml'),
    TT_METAL_CACHE=SCRATCH.name,
    TT_LOGGER_LEVEL='fatal',
    LOGURU_LEVEL='WARNING',
    PYTHONDONTWRITEBYTECODE='1',
)


@pytest.fixture(autouse=True, scope='session')
def in_scratch_folder() -> Iterator[None]:
    """ttnn writes reports where it works."""
    before = Path.cwd()
    os.chdir(SCRATCH.name)
    yield
    os.chdir(before)
    SCRATCH.cleanup()
