"""The model of decoder.py: its weights, its inputs, and what it computes, by numpy in float64."""

from pathlib import Path
from typing import Any

import numpy as np

from random_weights import random_weights

TEXT = (Path(__file__).parent / 'decoder.py').read_text()
IN_FLOAT32 = TEXT.replace('ttnn.bfloat16', 'ttnn.float32')
HEADS, KV_HEADS, WIDTH = 4, 2, 32
SHAPES = {
    'embedding.weight': [64, 64],
    'norm.weight': [1, 1, 1, 64],
    'qkv.weight': [64, 256],
    'o.weight': [128, 64],
    'gate.weight': [64, 96],
    'down.weight': [96, 64],
    'lmHead.weight': [64, 64],
}


def random_expr(name: str) -> dict[str, Any]:
    return {'kind': 'random', 'seed': 1, 'stream': name, 'mean': 0.0, 'std': 0.2, 'shape': SHAPES[name]}


PARAMETERS = [{'name': name, 'expr': random_expr(name)} for name in SHAPES]
WEIGHTS = {
    name: random_weights(1, name, 0, 0.2, int(np.prod(shape))).reshape(shape).astype(np.float64)
    for name, shape in SHAPES.items()
}
WEIGHTS['norm.weight'] = WEIGHTS['norm.weight'].reshape(-1)


def prompt(length: int) -> np.ndarray:
    """[length]"""
    return np.random.default_rng(0).integers(0, 64, length).astype(np.int32)


def angles(positions: np.ndarray) -> np.ndarray:
    """[positions, WIDTH]"""
    return positions[:, None] / 10000 ** (np.arange(WIDTH) % (WIDTH // 2) / (WIDTH // 2))


def prefill_arrays(tokens: np.ndarray) -> dict[str, np.ndarray]:
    table = angles(np.arange(len(tokens)))[None, None].astype(np.float32)
    return {'tokens': tokens[None], 'cos': np.cos(table), 'sin': np.sin(table)}


def decode_arrays(tokens: list[int], positions: list[int]) -> dict[str, np.ndarray]:
    table = angles(np.array(positions))[None, :, None].astype(np.float32)
    places = {'tokens': np.array([tokens], np.int32), 'positions': np.array(positions, np.int32)}
    return {**places, 'cos': np.cos(table), 'sin': np.sin(table)}


def logits(tokens: np.ndarray) -> np.ndarray:
    """[length, 64], of a whole sequence at once."""
    x = WEIGHTS['embedding.weight'][tokens]
    x = x + _mixer(_norm(x))
    gate = _norm(x) @ WEIGHTS['gate.weight']
    return (x + (gate / (1 + np.exp(-gate)) * gate) @ WEIGHTS['down.weight']) @ WEIGHTS['lmHead.weight']


def _norm(x: np.ndarray) -> np.ndarray:
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5) * WEIGHTS['norm.weight']


def _mixer(x: np.ndarray) -> np.ndarray:
    length = len(x)
    heads = (x @ WEIGHTS['qkv.weight']).reshape(length, HEADS + 2 * KV_HEADS, WIDTH)
    turned = _turn(heads[:, : HEADS + KV_HEADS])
    outputs = []
    for head in range(HEADS):
        keys = turned[:, HEADS + head // (HEADS // KV_HEADS)]
        values = heads[:, HEADS + KV_HEADS + head // (HEADS // KV_HEADS)]
        scores = turned[:, head] @ keys.T / np.sqrt(WIDTH)
        weights = np.exp(scores) * np.tri(length)
        outputs.append(weights / weights.sum(-1, keepdims=True) @ values)
    return np.concatenate(outputs, axis=1) @ WEIGHTS['o.weight']


def _turn(x: np.ndarray) -> np.ndarray:
    table = angles(np.arange(len(x)))[:, None]
    low, high = np.split(x, 2, axis=-1)
    return x * np.cos(table) + np.concatenate([-high, low], axis=-1) * np.sin(table)
