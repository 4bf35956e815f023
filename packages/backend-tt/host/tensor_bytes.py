"""Bytes of a tensor on a board."""

import math
from collections.abc import Sequence
from typing import Any

TILE = 32
# bfloat8_b and bfloat4_b: a tile of 1024 numbers carries 64 shared exponents.
BYTES = {
    'FLOAT32': 4,
    'UINT32': 4,
    'INT32': 4,
    'BFLOAT16': 2,
    'UINT16': 2,
    'UINT8': 1,
    'BFLOAT8_B': 1088 / 1024,
    'BFLOAT4_B': 576 / 1024,
}


def tensor_bytes(shape: Sequence[int], dtype: Any, layout: Any) -> int:
    """In TILE layout, the last two dimensions fill whole tiles."""
    dims = list(shape)
    if layout.name == 'TILE':
        dims[-2:] = [-(-dim // TILE) * TILE for dim in dims[-2:]]
    return int(math.prod(dims) * BYTES[dtype.name])
