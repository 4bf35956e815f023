"""What a weight expression (`weight-expr.ts`) means, on memory-mapped files. The reference is `read-weight.ts`."""

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from dequantise import block_of, dequantise
from failure import Failure
from random_weights import random_weights

Expr = dict[str, Any]


class Checkpoint:
    """Files by the name that `stored` expressions use, mapped when first needed."""

    def __init__(self, paths: dict[str, str]):
        self._paths = paths
        self._maps: dict[str, np.ndarray] = {}

    def read(self, file: str, offset: int, length: int) -> np.ndarray:
        """uint8 [length]: a view of the mapped file."""
        data = self._map(file)
        if offset + length > len(data):
            message = (
                f'{self._paths[file]} ends at {len(data)}, before byte {offset + length} of the weight at {offset}'
            )
            raise Failure('checkpoint', message)
        return data[offset : offset + length]

    def _map(self, file: str) -> np.ndarray:
        if file not in self._paths:
            raise Failure('checkpoint', f'{file} is not a file of this checkpoint')
        if file not in self._maps:
            try:
                # Copy on write: PyTorch warns of arrays that it cannot write to.
                self._maps[file] = np.memmap(self._paths[file], np.uint8, mode='c')
            except (OSError, ValueError) as error:
                raise Failure('checkpoint', f'{self._paths[file]} cannot be read: {error}') from None
        return self._maps[file]


@dataclass
class Stored:
    """A tensor as it is stored: an array of blocks, opaque items whose last dimension is in blocks, not elements."""

    blocks: np.ndarray
    dtype: str

    @property
    def shape(self) -> tuple[int, ...]:
        elements, _ = block_of(self.dtype)
        return self.blocks.shape if elements == 1 else (*self.blocks.shape[:-1], self.blocks.shape[-1] * elements)


def evaluate(checkpoint: Checkpoint, expr: Expr) -> Stored:
    """What an expression is, copying no more than it needs."""
    try:
        kind = expr['kind']
        if kind in SOURCES:
            return SOURCES[kind](checkpoint, expr)
        if kind in TRANSFORMS:
            return TRANSFORMS[kind](evaluate(checkpoint, expr['of']), expr)
    except (KeyError, TypeError, ValueError) as error:
        raise Failure('request', f'not a weight expression: {error!r} in {_shortened(expr)}') from error
    raise Failure('request', f'"{kind}" is no kind of weight expression')


def to_torch(stored: Stored) -> torch.Tensor:
    """The numbers: bfloat16 where they are stored as such (a view), else float32."""
    if stored.dtype == 'bfloat16':
        return torch.from_numpy(np.ascontiguousarray(stored.blocks).view(np.int16).reshape(stored.shape)).view(
            torch.bfloat16
        )
    numbers = _dequantise(stored, {}).blocks
    return torch.from_numpy(np.ascontiguousarray(numbers).view(np.float32).reshape(stored.shape))


def _stored(checkpoint: Checkpoint, expr: Expr) -> Stored:
    _, size = block_of(expr['dtype'])
    data = checkpoint.read(expr['file'], expr['offset'], expr['bytes'])
    return Stored(_blocks(data.view(f'V{size}'), expr['dtype'], expr['shape']), expr['dtype'])


def _random(_checkpoint: Checkpoint, expr: Expr) -> Stored:
    count = math.prod(expr['shape'])
    return _float32(random_weights(expr['seed'], expr['stream'], expr['mean'], expr['std'], count), expr['shape'])


def _stack(checkpoint: Checkpoint, expr: Expr) -> Stored:
    parts = [evaluate(checkpoint, part) for part in expr['of']]
    return Stored(np.stack([part.blocks for part in parts]), parts[0].dtype)


def _concat(checkpoint: Checkpoint, expr: Expr) -> Stored:
    parts = [evaluate(checkpoint, part) for part in expr['of']]
    return Stored(np.concatenate([part.blocks for part in parts]), parts[0].dtype)


def _scale_blocks(checkpoint: Checkpoint, expr: Expr) -> Stored:
    of, scales = (_dequantise(evaluate(checkpoint, expr[part]), {}) for part in ('of', 'scales'))
    (rows, columns), (height, width) = expr['block'], of.shape[-2:]
    expected = (*of.shape[:-2], -(-height // rows), -(-width // columns))
    if scales.shape != expected:
        raise _contradiction(of, f'blocks of {rows} × {columns} need scales {expected}, found {scales.shape}')
    factors = _numbers(scales).repeat(rows, axis=-2)[..., :height, :].repeat(columns, axis=-1)[..., :width]
    return _float32(_numbers(of) * factors, of.shape)


def _pack_mxfp4(checkpoint: Checkpoint, expr: Expr) -> Stored:
    of, scales = evaluate(checkpoint, expr['of']), evaluate(checkpoint, expr['scales'])
    if (of.dtype, scales.dtype) != ('uint8', 'uint8') or of.shape != (*scales.shape, 16):
        message = f'mxfp4 is made of uint8 […, G, 16] and uint8 […, G], but its scales are {scales.dtype} {scales.shape}'
        raise _contradiction(of, message)
    codes = np.ascontiguousarray(of.blocks).view(np.uint8)
    # Neighbours share a byte there; here element i does with element i + 16.
    elements = np.stack([codes & 0xF, codes >> 4], axis=-1).reshape(*scales.shape, 2, 16)
    packed = elements[..., 0, :] | elements[..., 1, :] << 4
    exponents = np.ascontiguousarray(scales.blocks).view(np.uint8)[..., None]
    blocks = np.ascontiguousarray(np.concatenate([exponents, packed], axis=-1)).view('V17')[..., 0]
    return Stored(blocks, 'mxfp4')


def _rows(of: Stored, expr: Expr) -> Stored:
    start, count, step = expr['start'], expr['count'], expr['step']
    _check_range(of, 0, [start, start + (count - 1) * step] if count else [])
    return Stored(of.blocks[start : start + count * step : step], of.dtype)


def _permute_rows(of: Stored, expr: Expr) -> Stored:
    _check_range(of, 0, expr['order'])
    return Stored(of.blocks[expr['order']], of.dtype)


def _columns(of: Stored, expr: Expr) -> Stored:
    elements, _ = block_of(of.dtype)
    start, count = expr['start'], expr['count']
    _check_range(of, -1, [start, start + count - 1] if count else [])
    if start % elements or count % elements:
        raise _contradiction(of, f'columns {start} to {start + count} are not whole blocks of {elements}')
    return Stored(of.blocks[..., start // elements : (start + count) // elements], of.dtype)


def _pad_rows(of: Stored, expr: Expr) -> Stored:
    # Bytes of zero are numbers of zero in every storage type.
    zeros = np.zeros((expr['rows'], *of.blocks.shape[1:]), of.blocks.dtype)
    return Stored(np.concatenate([of.blocks, zeros]), of.dtype)


def _transpose(of: Stored, _expr: Expr) -> Stored:
    elements, _ = block_of(of.dtype)
    if of.blocks.ndim != 2 or elements != 1:
        raise _contradiction(of, 'only a matrix of single elements can be transposed')
    return Stored(of.blocks.T, of.dtype)


def _reshape(of: Stored, expr: Expr) -> Stored:
    return Stored(_blocks(of.blocks, of.dtype, expr['shape']), of.dtype)


def _affine(of: Stored, expr: Expr) -> Stored:
    # Rounded once, as the reference does.
    numbers = _numbers(_dequantise(of, {})).astype(np.float64) * expr['scale'] + expr['offset']
    return _float32(numbers.astype(np.float32), of.shape)


def _dequantise(of: Stored, _expr: Expr) -> Stored:
    if of.dtype == 'float32':
        return of
    _, size = block_of(of.dtype)
    data = np.ascontiguousarray(of.blocks).view(np.uint8).reshape(-1, size)
    return _float32(dequantise(data, of.dtype), of.shape)


SOURCES = {
    'concat': _concat,
    'packMxfp4': _pack_mxfp4,
    'random': _random,
    'scaleBlocks': _scale_blocks,
    'stack': _stack,
    'stored': _stored,
}
TRANSFORMS = {
    'affine': _affine,
    'columns': _columns,
    'dequantise': _dequantise,
    'padRows': _pad_rows,
    'permuteRows': _permute_rows,
    'reshape': _reshape,
    'rows': _rows,
    'transpose': _transpose,
}


def _numbers(of: Stored) -> np.ndarray:
    return np.ascontiguousarray(of.blocks).view(np.float32)


def _float32(numbers: np.ndarray, shape: Any) -> Stored:
    return Stored(numbers.reshape(shape).view('V4'), 'float32')


def _blocks(blocks: np.ndarray, dtype: str, shape: list[int]) -> np.ndarray:
    elements, _ = block_of(dtype)
    in_blocks = shape if elements == 1 else [*shape[:-1], shape[-1] // elements]
    if math.prod(shape) != blocks.size * elements or math.prod(in_blocks) != blocks.size:
        raise Failure('request', f'{blocks.size} blocks of {dtype} are not a tensor of shape {list(shape)}')
    return blocks.reshape(in_blocks)


def _check_range(of: Stored, dimension: int, wanted: list[int]) -> None:
    size = of.shape[dimension]
    wrong = next((index for index in wanted if not 0 <= index < size), None)
    if wrong is not None:
        what = 'row' if dimension == 0 else 'column'
        raise _contradiction(of, f'{what} {wrong} is wanted of {size}')


def _shortened(expr: Expr) -> str:
    text = json.dumps(expr)
    return text if len(text) < 200 else f'{text[:200]}…'


def _contradiction(of: Stored, message: str) -> Failure:
    return Failure('request', f'[{", ".join(map(str, of.shape))}] of {of.dtype}: {message}')
