"""Tensors for tests of the reference mode, and numbers to put into them."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import torch
import ttnn

from reference import Reference, ReferenceTensor

REFERENCE = Reference('n150')
REF = REFERENCE.ttnn


def numbers(*shape: int, seed: int = 0) -> torch.Tensor:
    """float32 of N(0, 1)."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def tensor(values: Any, dtype: Any = ttnn.float32) -> ReferenceTensor:
    return REFERENCE.place(torch.as_tensor(values), dtype, ttnn.TILE_LAYOUT)


def indices(*shape: int) -> Iterator[tuple[int, ...]]:
    """All indices of a tensor of this shape."""
    return product(*map(range, shape))


def assert_close(found: ReferenceTensor, expected: torch.Tensor) -> None:
    assert tuple(found.shape) == tuple(expected.shape)
    torch.testing.assert_close(found.values.float(), expected.float(), rtol=1e-5, atol=1e-5)
