"""The numbers that stored bytes stand for: the storage types that `dequantise.ts` reads, to the bit."""

from collections.abc import Callable

import numpy as np

from failure import Failure

# Elements and bytes of a block; the last dimension is made of whole blocks.
BLOCKS = {
    'float64': (1, 8),
    'float32': (1, 4),
    'float16': (1, 2),
    'bfloat16': (1, 2),
    'float8_e4m3': (1, 1),
    'float8_e5m2': (1, 1),
    'float8_e8m0': (1, 1),
    # Stands for no numbers by itself.
    'uint8': (1, 1),
    'q4_0': (32, 18),
    'q4_1': (32, 20),
    'q5_0': (32, 22),
    'q5_1': (32, 24),
    'q8_0': (32, 34),
    'mxfp4': (32, 17),
    'q4_k': (256, 144),
    'q6_k': (256, 210),
}
BLOCKS_AT_ONCE = 1 << 14


def block_of(dtype: str) -> tuple[int, int]:
    if dtype not in BLOCKS:
        raise Failure('request', f'weights stored as "{dtype}" cannot be read; what can: {", ".join(BLOCKS)}')
    return BLOCKS[dtype]


def dequantise(data: np.ndarray, dtype: str) -> np.ndarray:
    """uint8 [blocks, bytes] → float32 [blocks * elements]."""
    elements, _ = block_of(dtype)
    out = np.empty((len(data), elements), np.float32)
    # Numbers are float64 on their way; in parts, those need little memory.
    step = BLOCKS_AT_ONCE * 256 // elements
    for start in range(0, len(data), step):
        part = data[start : start + step]
        # A signalling NaN in a checkpoint is its own affair.
        with np.errstate(invalid='ignore', over='ignore'):
            out[start : start + step] = DECODERS[dtype](part).reshape(len(part), elements)
    return out.reshape(-1)


def _bfloat16(data: np.ndarray) -> np.ndarray:
    return (_as(data, '<u2').astype(np.uint32) << 16).view(np.float32)


def _float8_e4m3(data: np.ndarray) -> np.ndarray:
    """The FN variant: bias 7, no infinities, all ones is NaN."""
    bits = np.arange(256)
    sign, exponent, fraction = np.where(bits & 0x80, -1.0, 1.0), (bits >> 3) & 0xF, bits & 7
    numbers = sign * np.where(exponent == 0, fraction * 2.0**-9, (8 + fraction) * 2.0 ** (exponent - 10))
    numbers[(exponent == 0xF) & (fraction == 7)] = np.nan
    return numbers[data]


def _float8_e5m2(data: np.ndarray) -> np.ndarray:
    """The upper byte of a float16."""
    return (data.astype(np.uint16) << 8).view(np.float16)


def _float8_e8m0(data: np.ndarray) -> np.ndarray:
    """An exponent, bias 127; all ones is NaN."""
    return np.where(data == 0xFF, np.nan, np.ldexp(1.0, data.astype(np.int32) - 127))


def _q4_0(data: np.ndarray) -> np.ndarray:
    return _half(data, 0) * (_nibbles(data, 2) - 8)


def _q4_1(data: np.ndarray) -> np.ndarray:
    return _half(data, 0) * _nibbles(data, 4) + _half(data, 2)


def _q5_0(data: np.ndarray) -> np.ndarray:
    return _half(data, 0) * ((_nibbles(data, 6) | _fifth_bits(data, 2)) - 16)


def _q5_1(data: np.ndarray) -> np.ndarray:
    return _half(data, 0) * (_nibbles(data, 8) | _fifth_bits(data, 4)) + _half(data, 2)


def _q8_0(data: np.ndarray) -> np.ndarray:
    return _half(data, 0) * data[:, 2:34].view(np.int8)


def _mxfp4(data: np.ndarray) -> np.ndarray:
    """An exponent, then codes of float4 E2M1: 1 sign, 2 exponent (bias 1), 1 fraction bit."""
    half = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0])
    return _float8_e8m0(data[:, :1]) * np.concatenate([half, -half])[_nibbles(data, 1)]


def _q4_k(data: np.ndarray) -> np.ndarray:
    """8 groups of 32 codes, each with a 6-bit scale and minimum; groups 2k and 2k + 1 share code bytes."""
    low, middle, high = data[:, 4:8], data[:, 8:12], data[:, 12:16]
    scales = np.concatenate([low & 63, (high & 0xF) | (low >> 6 << 4)], axis=1).astype(np.float64)
    minima = np.concatenate([middle & 63, (high >> 4) | (middle >> 6 << 4)], axis=1).astype(np.float64)
    packed = data[:, 16:144].reshape(-1, 4, 1, 32)
    codes = np.concatenate([packed & 0xF, packed >> 4], axis=2).reshape(-1, 8, 32)
    return (_half(data, 0) * scales)[:, :, None] * codes - (_half(data, 2) * minima)[:, :, None]


def _q6_k(data: np.ndarray) -> np.ndarray:
    """Two halves of 128: 64 bytes of low nibbles, 32 bytes of upper bit pairs, and 8 scales of 16 elements each."""
    packed = data[:, :128].reshape(-1, 2, 64)
    low = np.concatenate([packed & 0xF, packed >> 4], axis=2).reshape(-1, 2, 4, 32)
    pairs = data[:, 128:192].reshape(-1, 2, 1, 32)
    high = pairs >> np.array([0, 2, 4, 6], np.uint8).reshape(1, 1, 4, 1) & 3
    codes = (low | high << 4).astype(np.int64).reshape(-1, 16, 16) - 32
    scales = np.ascontiguousarray(data[:, 192:208]).view(np.int8)
    return (_half(data, 208) * scales)[:, :, None] * codes


def _half(data: np.ndarray, at: int) -> np.ndarray:
    """The float16 at byte `at` of each block: float64 [blocks, 1]."""
    return _as(data[:, at : at + 2], '<f2').astype(np.float64)


def _nibbles(data: np.ndarray, at: int) -> np.ndarray:
    """Elements 0 to 15 are the low nibbles of 16 bytes, 16 to 31 the high ones."""
    packed = data[:, at : at + 16]
    return np.concatenate([packed & 0xF, packed >> 4], axis=1).astype(np.int64)


def _fifth_bits(data: np.ndarray, at: int) -> np.ndarray:
    return (_as(data[:, at : at + 4], '<u4').astype(np.int64) >> np.arange(32) & 1) << 4


def _as(data: np.ndarray, dtype: str) -> np.ndarray:
    return np.ascontiguousarray(data).view(dtype)


DECODERS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    'float64': lambda data: _as(data, '<f8'),
    'float32': lambda data: _as(data, '<f4'),
    'float16': lambda data: _as(data, '<f2'),
    'bfloat16': _bfloat16,
    'float8_e4m3': _float8_e4m3,
    'float8_e5m2': _float8_e5m2,
    'float8_e8m0': _float8_e8m0,
    'q4_0': _q4_0,
    'q4_1': _q4_1,
    'q5_0': _q5_0,
    'q5_1': _q5_1,
    'q8_0': _q8_0,
    'mxfp4': _mxfp4,
    'q4_k': _q4_k,
    'q6_k': _q6_k,
}
