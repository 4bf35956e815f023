"""Operations for which ttnn has no golden function, as torch.

Each follows the documentation of its ttnn namesake. Tensors are torch tensors of float32 (positions: of integers).
"""

from collections.abc import Callable
from typing import Any

import torch

TILE = 32


def nlp_create_qkv_heads(
    qkv: torch.Tensor, *, num_heads: int, num_kv_heads: int | None = None, transpose_k_heads: bool = True
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """[B, 1, S, (H + 2K)h] → [B, H, S, h], [B, K, S, h] (or [B, K, h, S]), [B, K, S, h]."""
    batch, _, length, _ = qkv.shape
    q, k, v = _split_heads(qkv.reshape(batch, length, -1), num_heads, num_kv_heads)
    q, k, v = q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)
    return q, k.transpose(2, 3) if transpose_k_heads else k, v


def nlp_create_qkv_heads_decode(
    qkv: torch.Tensor, *, num_heads: int, num_kv_heads: int | None = None
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """[1, 1, U, (H + 2K)h] → [1, U, H, h], [1, U, K, h], [1, U, K, h]."""
    return _split_heads(qkv.reshape(1, qkv.shape[2], -1), num_heads, num_kv_heads)


def _split_heads(
    qkv: torch.Tensor, heads: int, kv_heads: int | None
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """[B, S, (H + 2K)h] → [B, S, H, h], [B, S, K, h], [B, S, K, h]."""
    kv_heads = heads if kv_heads is None else kv_heads
    batch, length, width = qkv.shape
    if width % (heads + 2 * kv_heads):
        raise ValueError(f'a width of {width} is not {heads} + 2 * {kv_heads} heads')
    return qkv.reshape(batch, length, heads + 2 * kv_heads, -1).split([heads, kv_heads, kv_heads], dim=2)


def nlp_concat_heads(x: torch.Tensor) -> torch.Tensor:
    """[B, H, S, h] → [B, 1, S, Hh]."""
    return x.transpose(1, 2).flatten(2).unsqueeze(1)


def nlp_concat_heads_decode(x: torch.Tensor, *, num_heads: int) -> torch.Tensor:
    """[1, U, H, h] → [1, 1, 32, Hh]: whole tiles of users. No one writes the rows of users that are not there."""
    users = x.shape[1]
    out = torch.full((1, 1, -(-users // TILE) * TILE, num_heads * x.shape[3]), float('nan'))
    out[0, 0, :users] = x[0, :, :num_heads].flatten(1)
    return out


def rotary_embedding_hf(
    x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, *, is_decode_mode: bool = False
) -> torch.Tensor:
    """Prefill: [1, H, S, h] by [1, 1, S, h]. Decode: [1, U, H, h] by [1, U, 1, h]. The halves of a head are pairs."""
    rows = 1 if is_decode_mode else x.shape[2]
    low, high = x.chunk(2, dim=-1)
    return x * cos[:, :, :rows] + torch.cat([-high, low], dim=-1) * sin[:, :, :rows]


def rotary_embedding_llama(
    x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, trans_mat: torch.Tensor, *, is_decode_mode: bool = False
) -> torch.Tensor:
    """As `rotary_embedding_hf`, but neighbours are pairs: a [1, 1, 32, 32] matrix (in decode: one a user) turns."""
    rows = 1 if is_decode_mode else x.shape[2]
    turned = (x.unflatten(-1, (-1, TILE)) @ trans_mat[0, 0, :TILE]).flatten(-2)
    return x * cos[:, :, :rows] + turned * sin[:, :, :rows]


def paged_update_cache(
    cache: torch.Tensor,
    x: torch.Tensor,
    *,
    update_idxs: list[int] | None = None,
    update_idxs_tensor: torch.Tensor | None = None,
) -> torch.Tensor:
    """Writes row u of x [1, U, K, h] into cache [U, K, L, h] at position u; a position of -1 leaves the user alone."""
    positions = update_idxs if update_idxs_tensor is None else update_idxs_tensor.flatten().tolist()
    if positions is None or len(positions) != x.shape[1]:
        raise ValueError(f'{x.shape[1]} users need as many positions, not {positions}')
    for user, position in enumerate(positions):
        if position >= cache.shape[2]:
            # A board would write into what lies behind the cache.
            raise ValueError(f'position {position} of a cache of {cache.shape[2]}')
        if position >= 0:
            cache[user, :, position] = x[0, user]
    return cache


STAND_INS: dict[str, Callable[..., Any]] = {
    'experimental.nlp_create_qkv_heads': nlp_create_qkv_heads,
    'experimental.nlp_create_qkv_heads_decode': nlp_create_qkv_heads_decode,
    'experimental.nlp_concat_heads': nlp_concat_heads,
    'experimental.nlp_concat_heads_decode': nlp_concat_heads_decode,
    'experimental.rotary_embedding_hf': rotary_embedding_hf,
    'experimental.rotary_embedding_llama': rotary_embedding_llama,
    'experimental.paged_update_cache': paged_update_cache,
}
