"""Opens what a mode computes on, in a process whose environment is prepared before ttnn is imported."""

import importlib.util
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from failure import Failure

MODES = ('reference', 'acceptance', 'device')
CLUSTERS = Path(__file__).parent / 'clusters'
COMPILER = 'sfpi/compiler/bin/riscv-tt-elf-g++'


def open_backend(mode: str, board: str, mesh: list[int]) -> tuple[Any, dict[str, str]]:
    """The backend, and the versions of what it is made of. What it writes goes below the current folder."""
    if mode not in MODES:
        raise Failure('request', f'there is no mode "{mode}", only {", ".join(MODES)}')
    if mesh != [1, 1]:
        raise Failure('request', f'a mesh of {mesh}: so far models are lowered to one chip, [1, 1]')
    _check_installed()
    # The logger writes much, and a reply says what is worth saying.
    os.environ.setdefault('TT_LOGGER_LEVEL', 'fatal')
    os.environ.setdefault('LOGURU_LEVEL', 'WARNING')
    if mode == 'device':
        _check_board()
    else:
        _mock(board, mode)
    return _backend(mode, board), {'python': platform.python_version(), 'ttnn': version('ttnn'), 'torch': version('torch')}


def _backend(mode: str, board: str) -> Any:
    # Imported here because the environment must stand before ttnn is imported.
    if mode == 'reference':
        from reference import Reference

        return Reference(board)
    from hardware import Hardware

    return Hardware(mock=mode == 'acceptance')


def _check_installed() -> None:
    missing = [name for name in ('ttnn', 'torch') if importlib.util.find_spec(name) is None]
    if missing:
        message = f'{" and ".join(missing)} not installed for this Python: run "pip install ttnn torch" with Python 3.10 or 3.12'
        raise Failure('refused', message)


def _mock(board: str, mode: str) -> None:
    """A description of the board instead of one. In mode reference only conversions to block floats look at it."""
    cluster = CLUSTERS / f'{board}.yaml'
    if not cluster.exists():
        known = ', '.join(sorted(path.stem for path in CLUSTERS.glob('*.yaml')))
        raise Failure('request', f'mode "{mode}" knows no board "{board}", only {known}')
    os.environ['TT_METAL_MOCK_CLUSTER_DESC_PATH'] = str(cluster)
    # Kernels of a stand-in compiler must not get among those for a board.
    os.environ['TT_METAL_CACHE'] = str(Path.cwd() / 'kernels')
    if mode == 'acceptance':
        _check_compiler()


def _check_compiler() -> None:
    root = Path(importlib.util.find_spec('ttnn').origin).parent
    places = [root / 'runtime' / COMPILER, Path('/opt/tenstorrent') / COMPILER]
    if not any(place.exists() for place in places):
        message = (
            f'mode "acceptance" builds programs and needs a compiler at {places[0]}: Tenstorrent\'s SFPI, or a stand-in that '
            'links empty kernels'
        )
        raise Failure('refused', message)


def _check_board() -> None:
    if not Path('/dev/tenstorrent').exists():
        message = 'there is no board: /dev/tenstorrent is not there. Use mode "reference" or "acceptance", or install its driver'
        raise Failure('refused', message)
