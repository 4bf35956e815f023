"""Two programs that no board can run. That others are accepted means something only while these are refused."""

from collections.abc import Callable
from typing import Any

import ttnn

from failure import Failure, useful_lines

MIB_256 = (1, 1, 8192, 16384)


def refusals(device: Any) -> list[str]:
    """What ttnn says of each. A device that takes one of them takes anything."""
    return [_refusal(program, device) for program in (_product_that_does_not_fit, _more_l1_than_there_is)]


def _refusal(program: Callable[[Any], None], device: Any) -> str:
    try:
        program(device)
    except RuntimeError as error:
        return useful_lines(str(error))
    raise Failure('fault', f'the mock board accepts {program.__name__.strip("_").replace("_", " ")}: it accepts anything')


def _product_that_does_not_fit(device: Any) -> None:
    x, w = (_zeros((1, 1, 32, width), device, ttnn.DRAM_MEMORY_CONFIG) for width in (64, 96))
    ttnn.linear(x, ttnn.transpose(w, 2, 3))


def _more_l1_than_there_is(device: Any) -> None:
    _zeros(MIB_256, device, ttnn.L1_MEMORY_CONFIG)


def _zeros(shape: tuple[int, ...], device: Any, memory: Any) -> Any:
    return ttnn.zeros(shape, dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device, memory_config=memory)
