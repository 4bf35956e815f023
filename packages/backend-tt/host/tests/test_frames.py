import io
import json
import struct
from typing import Any

import numpy as np
import pytest

from frames import FrameError, read_frame, write_frame


def frame_bytes(header: dict[str, Any], arrays: dict[str, np.ndarray] | None = None) -> bytes:
    stream = io.BytesIO()
    write_frame(stream, header, arrays)
    return stream.getvalue()


def described(text: bytes, payload: bytes = b'') -> bytes:
    return struct.pack('<IQ', len(text), len(payload)) + text + payload


def test_frames_come_back_as_they_were_sent() -> None:
    arrays = {
        'x': np.arange(6, dtype=np.float32).reshape(2, 3),
        'turned': np.arange(6, dtype=np.float32).reshape(2, 3).T,
        'tokens': np.array([[-1, 2**31 - 1]], np.int32),
        'scalar': np.float32(2.5).reshape(()),
        'empty': np.zeros((0, 4), np.float32),
    }
    stream = io.BytesIO(frame_bytes({'id': 1, 'name': 'größe'}, arrays) + frame_bytes({'id': 2}))
    first, second, end = read_frame(stream), read_frame(stream), read_frame(stream)
    assert first.header['name'] == 'größe' and (second.header, second.arrays, end) == ({'id': 2}, {}, None)
    assert list(first.arrays) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(first.arrays[name], array)
        assert (first.arrays[name].dtype, first.arrays[name].shape) == (array.dtype, array.shape)


def test_the_bytes_of_a_frame() -> None:
    text = b'{"id": 1, "arrays": [{"name": "x", "dtype": "float32", "shape": [1]}]}'
    assert frame_bytes({'id': 1}, {'x': np.ones(1, np.float32)}) == described(text, b'\x00\x00\x80\x3f')


ARRAY = {'name': 'x', 'dtype': 'float32', 'shape': [2]}
MALFORMED = [
    (b'\x01\x02', 'ends 2 bytes into a frame'),
    (struct.pack('<IQ', 2**32 - 1, 0), 'a header of 4294967295 bytes'),
    (struct.pack('<IQ', 10, 0) + b'{}', 'ends 8 bytes before'),
    (described(b'{"id": '), 'not JSON'),
    (described(b'\xff\xfe'), 'not JSON'),
    (described(b'[1]'), 'not an object'),
    (described(json.dumps({'arrays': [{**ARRAY, 'dtype': 'float64'}]}).encode()), 'arrays must be'),
    (described(json.dumps({'arrays': 3}).encode()), 'arrays must be'),
    (described(json.dumps({'arrays': [{**ARRAY, 'shape': [-1]}]}).encode()), 'whole numbers'),
    (described(json.dumps({'arrays': [ARRAY]}).encode(), bytes(4)), 'a payload of 4 bytes: its arrays have 8'),
    # No memory is taken for a payload that no array explains.
    (struct.pack('<IQ', 2, 2**60) + b'{}', 'its arrays have 0'),
    (described(json.dumps({'arrays': [ARRAY]}).encode(), bytes(8))[:-3], 'ends 3 bytes before'),
]


@pytest.mark.parametrize('data, message', MALFORMED, ids=[message for _, message in MALFORMED])
def test_what_is_no_frame_is_said(data: bytes, message: str) -> None:
    with pytest.raises(FrameError, match=message):
        read_frame(io.BytesIO(data))
