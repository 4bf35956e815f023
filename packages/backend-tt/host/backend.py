"""Opens what a mode computes on, in an environment that is prepared before ttnn is imported."""

import importlib.util
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from failure import Failure

MODES = ('reference', 'acceptance', 'device')
CLUSTERS = Path(__file__).parent / 'clusters'
MOCK = 'TT_METAL_MOCK_CLUSTER_DESC_PATH'
COMPILER = 'sfpi/compiler/bin/riscv-tt-elf-g++'
# What the stand-in says of itself.
STAND_IN = b'Stand-in of TTTv2'


def open_backend(mode: str, board: str, mesh: list[int]) -> tuple[Any, dict[str, str]]:
    """The backend, and the versions of what it is made of. What it writes goes below the current folder."""
    if mode not in MODES:
        raise Failure('request', f'there is no mode "{mode}", only {", ".join(MODES)}')
    if mesh != [1, 1]:
        raise Failure('request', f'a mesh of {mesh}: the host runs one chip so far, [1, 1]')
    trouble = (mode == 'acceptance' and compiler_trouble()) or (mode == 'device' and board_trouble())
    if trouble:
        raise Failure('refused', trouble)
    _prepare_environment(None if mode == 'device' else _cluster(board))
    return _backend(mode, board), {
        'python': platform.python_version(),
        'ttnn': version('ttnn'),
        'torch': version('torch'),
    }


def compiler_trouble() -> str | None:
    """What mode acceptance lacks, and what to do; None when nothing is."""
    places = _compiler_places()
    if any(place.exists() for place in places):
        return None
    kinds = "Tenstorrent's SFPI, or a stand-in that links empty kernels"
    return f'mode "acceptance" builds programs, for which ttnn needs a compiler at {places[0]}: {kinds}'


def board_trouble() -> str | None:
    """As `compiler_trouble`, for mode device."""
    if not Path('/dev/tenstorrent').exists():
        return 'no board: /dev/tenstorrent is not there. Install its driver, or use mode "reference" or "acceptance"'
    compiler = next((place for place in _compiler_places() if place.exists()), None)
    if compiler is not None and STAND_IN in compiler.read_bytes():
        return f'the compiler at {compiler} is a stand-in that links empty kernels: install SFPI, and remove it'
    return None


def _compiler_places() -> list[Path]:
    """Where ttnn looks for a compiler, in its order."""
    spec = importlib.util.find_spec('ttnn')
    root = '' if spec is None else spec.origin or ''
    return [Path(root).parent / 'runtime' / COMPILER, Path('/opt/tenstorrent') / COMPILER]


def _cluster(board: str) -> Path:
    cluster = CLUSTERS / f'{board}.yaml'
    if not cluster.exists():
        known = ', '.join(sorted(path.stem for path in CLUSTERS.glob('*.yaml')))
        raise Failure('request', f'without a board, only {known} can be had; not "{board}"')
    return cluster


def _prepare_environment(cluster: Path | None) -> None:
    """`cluster` describes a board to mock. Mode reference opens none, but conversions to block floats look at it."""
    os.environ.pop(MOCK, None)
    if cluster is not None:
        os.environ[MOCK] = str(cluster)
        # Empty kernels of a stand-in compiler must not get among those for a board.
        os.environ['TT_METAL_CACHE'] = str(Path.cwd() / 'kernels')
    # ttnn's loggers write much, and a reply says what is worth saying.
    os.environ.setdefault('TT_LOGGER_LEVEL', 'fatal')
    os.environ.setdefault('LOGURU_LEVEL', 'WARNING')


def _backend(mode: str, board: str) -> Any:
    # Not at the top: ttnn reads its environment when it is imported.
    if mode == 'reference':
        from reference import Reference

        return Reference(board)
    from hardware import Hardware

    return Hardware(mock=mode == 'acceptance')
