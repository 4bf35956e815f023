"""Frames between Node and the host.

A frame is: u32 length of the header, u64 length of the payload, header (UTF-8 JSON), payload; numbers little-endian.
header['arrays'] = [{name, dtype, shape}] says which arrays lie one after the other in the payload.
"""

import json
import math
import struct
from dataclasses import dataclass
from io import BufferedIOBase
from typing import Any

import numpy as np

PREFIX = struct.Struct('<IQ')
DTYPES = {'float32': np.dtype('<f4'), 'int32': np.dtype('<i4')}
LONGEST_HEADER = 1 << 28


class FrameError(Exception):
    """Bytes that are no frame. What follows them cannot be read either."""


@dataclass
class Frame:
    header: dict[str, Any]
    arrays: dict[str, np.ndarray]


def read_frame(stream: BufferedIOBase) -> Frame | None:
    """The next frame; None when the stream ends between two."""
    prefix = stream.read(PREFIX.size)
    if not prefix:
        return None
    if len(prefix) < PREFIX.size:
        raise FrameError(f'the stream ends {len(prefix)} bytes into a frame')
    header_length, payload_length = PREFIX.unpack(prefix)
    if header_length > LONGEST_HEADER:
        raise FrameError(f'a header of {header_length} bytes: at most {LONGEST_HEADER}')
    header = _parse_header(_read_exactly(stream, header_length))
    described = _described_arrays(header)
    expected = sum(4 * math.prod(shape) for _, _, shape in described)
    if expected != payload_length:
        raise FrameError(f'a payload of {payload_length} bytes: its arrays have {expected}')
    return Frame(header, _split(_read_exactly(stream, payload_length), described))


def write_frame(stream: BufferedIOBase, header: dict[str, Any], arrays: dict[str, np.ndarray] | None = None) -> None:
    """Sends a header, and arrays of float32 or int32 in their order."""
    contiguous = {
        name: np.asarray(array, array.dtype.newbyteorder('<'), order='C') for name, array in (arrays or {}).items()
    }
    if contiguous:
        header = {**header, 'arrays': [_describe(name, array) for name, array in contiguous.items()]}
    text = json.dumps(header).encode()
    stream.write(PREFIX.pack(len(text), sum(array.nbytes for array in contiguous.values())))
    stream.write(text)
    for array in contiguous.values():
        stream.write(array.data)
    stream.flush()


def _describe(name: str, array: np.ndarray) -> dict[str, Any]:
    dtype = next(dtype for dtype, stored in DTYPES.items() if stored == array.dtype)
    return {'name': name, 'dtype': dtype, 'shape': list(array.shape)}


def _read_exactly(stream: BufferedIOBase, length: int) -> bytearray:
    data = bytearray(length)
    view = memoryview(data)
    done = 0
    while done < length:
        count = stream.readinto(view[done:])
        if not count:
            raise FrameError(f'the stream ends {length - done} bytes before a frame does')
        done += count
    return data


def _parse_header(text: bytearray) -> dict[str, Any]:
    try:
        header = json.loads(text.decode())
    except ValueError as error:
        raise FrameError(f'a header that is not JSON: {error}') from None
    if not isinstance(header, dict):
        raise FrameError('a header that is not an object')
    return header


def _described_arrays(header: dict[str, Any]) -> list[tuple[str, np.dtype, list[int]]]:
    try:
        described = [(array['name'], DTYPES[array['dtype']], array['shape']) for array in header.get('arrays', [])]
        shapes_are_right = all(isinstance(dim, int) and dim >= 0 for _, _, shape in described for dim in shape)
    except (KeyError, TypeError) as error:
        raise FrameError(f'arrays must be [{{name, dtype: {" | ".join(DTYPES)}, shape}}]: {error!r}') from None
    if not shapes_are_right:
        raise FrameError('the shape of an array must be whole numbers')
    return described


def _split(payload: bytearray, described: list[tuple[str, np.dtype, list[int]]]) -> dict[str, np.ndarray]:
    arrays = {}
    at = 0
    for name, dtype, shape in described:
        count = math.prod(shape)
        arrays[name] = np.frombuffer(payload, dtype, count, at).reshape(shape)
        at += dtype.itemsize * count
    return arrays
