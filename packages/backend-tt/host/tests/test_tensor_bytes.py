from typing import Any

import pytest
import ttnn

from tensor_bytes import tensor_bytes


@pytest.mark.parametrize(
    ('shape', 'dtype', 'layout', 'expected'),
    [
        ((3, 5), ttnn.bfloat16, ttnn.ROW_MAJOR_LAYOUT, 30),
        ((7, 3, 5), ttnn.float32, ttnn.TILE_LAYOUT, 7 * 1024 * 4),
        ((33, 64), ttnn.bfloat16, ttnn.TILE_LAYOUT, 4 * 1024 * 2),
        ((32, 64), ttnn.bfloat8_b, ttnn.TILE_LAYOUT, 2 * 1088),
        ((32, 32), ttnn.bfloat4_b, ttnn.TILE_LAYOUT, 576),
        ((1, 6), ttnn.uint32, ttnn.ROW_MAJOR_LAYOUT, 24),
    ],
)
def test_bytes_on_a_board(shape: tuple[int, ...], dtype: Any, layout: Any, expected: int) -> None:
    assert tensor_bytes(shape, dtype, layout) == expected
