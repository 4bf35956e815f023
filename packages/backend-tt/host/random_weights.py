"""Normal numbers of a counter-based generator, the same as those of `random-weights.ts`, where it is explained."""

import math

import numpy as np

CHUNK = 1 << 20


def random_weights(seed: int, stream: str, mean: float, std: float, count: int) -> np.ndarray:
    """float32 [count] of N(mean, std²). Element i depends on (seed, stream, i) alone."""
    key = int(_mix(_mix(np.array([seed], np.uint32)) ^ np.uint32(_fnv1a(stream)))[0])
    out = np.empty(count, np.float32)
    for start in range(0, count, CHUNK):
        stop = min(start + CHUNK, count)
        out[start:stop] = mean + std * _normals(key, start, stop)
    return out


def _normals(key: int, start: int, stop: int) -> np.ndarray:
    """Box–Muller pairs from an even `start` on: float64 [stop - start]."""
    words = _words(key, np.arange(start, stop + stop % 2, dtype=np.uint32)).astype(np.float64)
    radius = np.sqrt(-2 * np.log((words[0::2] + 1) / 2**32))
    angle = 2 * math.pi * words[1::2] / 2**32
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).reshape(-1)[: stop - start]


def _words(key: int, n: np.ndarray) -> np.ndarray:
    return _mix(_mix(n + np.uint32(0x9E3779B9)) ^ np.uint32(key))


def _mix(x: np.ndarray) -> np.ndarray:
    """uint32, modulo 2^32."""
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))


def _fnv1a(text: str) -> int:
    hash_ = 0x811C9DC5
    for byte in text.encode():
        hash_ = (hash_ ^ byte) * 0x01000193 & 0xFFFFFFFF
    return hash_
