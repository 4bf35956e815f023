"""Each stand-in against loops over indices."""

import pytest
import torch
import ttnn

from failure import Failure
from stand_ins import STAND_INS
from tensors import REF, assert_close, indices, numbers, tensor

EXPERIMENTAL = REF.experimental
HEADS, KV_HEADS, WIDTH = 6, 2, 4


def test_every_stand_in_is_for_an_operation_without_a_golden_function() -> None:
    for path in STAND_INS:
        operation = ttnn
        for name in path.split('.'):
            operation = getattr(operation, name)
        assert operation.golden_function is None, path


def column(head: int, i: int) -> int:
    return head * WIDTH + i


def test_create_heads() -> None:
    qkv = numbers(2, 1, 5, (HEADS + 2 * KV_HEADS) * WIDTH)
    q, k, v = torch.zeros(2, HEADS, 5, WIDTH), torch.zeros(2, KV_HEADS, 5, WIDTH), torch.zeros(2, KV_HEADS, 5, WIDTH)
    for batch, head, row, i in indices(2, HEADS, 5, WIDTH):
        q[batch, head, row, i] = qkv[batch, 0, row, column(head, i)]
    for batch, head, row, i in indices(2, KV_HEADS, 5, WIDTH):
        k[batch, head, row, i] = qkv[batch, 0, row, column(HEADS + head, i)]
        v[batch, head, row, i] = qkv[batch, 0, row, column(HEADS + KV_HEADS + head, i)]
    create = EXPERIMENTAL.nlp_create_qkv_heads
    found = create(tensor(qkv), num_heads=HEADS, num_kv_heads=KV_HEADS, transpose_k_heads=False)
    for one, expected in zip(found, (q, k, v), strict=True):
        assert_close(one, expected)
    _, transposed, _ = create(tensor(qkv), num_heads=HEADS, num_kv_heads=KV_HEADS)
    assert_close(transposed, k.permute(0, 1, 3, 2))


def test_create_heads_for_decode() -> None:
    qkv = numbers(1, 1, 3, (HEADS + 2 * KV_HEADS) * WIDTH)
    config = ttnn.L1_HEIGHT_SHARDED_MEMORY_CONFIG
    create = EXPERIMENTAL.nlp_create_qkv_heads_decode
    found = create(tensor(qkv), num_heads=HEADS, num_kv_heads=KV_HEADS, memory_config=config)
    for one, heads, first in zip(found, (HEADS, KV_HEADS, KV_HEADS), (0, HEADS, HEADS + KV_HEADS), strict=True):
        expected = torch.zeros(1, 3, heads, WIDTH)
        for user, head, i in indices(3, heads, WIDTH):
            expected[0, user, head, i] = qkv[0, 0, user, column(first + head, i)]
        assert_close(one, expected)


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises(Failure, match=r'nlp_create_qkv_heads: a width of 10 is not 4 \+ 2 \* 4 heads'):
        EXPERIMENTAL.nlp_create_qkv_heads(tensor(numbers(1, 1, 2, 10)), num_heads=4)


def test_concat_heads() -> None:
    x = numbers(2, 3, 5, WIDTH)
    expected = torch.zeros(2, 1, 5, 3 * WIDTH)
    for batch, head, row, i in indices(2, 3, 5, WIDTH):
        expected[batch, 0, row, column(head, i)] = x[batch, head, row, i]
    assert_close(EXPERIMENTAL.nlp_concat_heads(tensor(x)), expected)


def test_concat_heads_for_decode_leaves_the_rows_of_absent_users_unwritten() -> None:
    x = numbers(1, 3, 5, WIDTH)
    found = EXPERIMENTAL.nlp_concat_heads_decode(tensor(x), num_heads=4)
    assert tuple(found.shape) == (1, 1, 32, 4 * WIDTH)
    for user, head, i in indices(3, 4, WIDTH):
        assert found.values[0, 0, user, column(head, i)] == x[0, user, head, i]
    assert found.values[0, 0, 3:].isnan().all()


def test_rotary_of_halves() -> None:
    x, cos, sin = numbers(1, 2, 5, 8), numbers(1, 1, 7, 8, seed=1), numbers(1, 1, 7, 8, seed=2)
    expected = torch.zeros_like(x)
    for head, row, i in indices(2, 5, 8):
        partner = -x[0, head, row, i + 4] if i < 4 else x[0, head, row, i - 4]
        expected[0, head, row, i] = x[0, head, row, i] * cos[0, 0, row, i] + partner * sin[0, 0, row, i]
    rotary = EXPERIMENTAL.rotary_embedding_hf
    assert_close(rotary(tensor(x), tensor(cos), tensor(sin), is_decode_mode=False), expected)
    # In decode it is the users that have rows of the tables.
    x, cos, sin = x.permute(0, 2, 1, 3), cos[:, :, :5].permute(0, 2, 1, 3), sin[:, :, :5].permute(0, 2, 1, 3)
    found = rotary(tensor(x), tensor(cos), tensor(sin), is_decode_mode=True)
    assert_close(found, expected.permute(0, 2, 1, 3))


def test_rotary_of_neighbours() -> None:
    turn = torch.zeros(1, 1, 32, 32)
    for pair in range(16):
        turn[0, 0, 2 * pair, 2 * pair + 1] = 1
        turn[0, 0, 2 * pair + 1, 2 * pair] = -1
    x, cos, sin = numbers(1, 2, 3, 64), numbers(1, 1, 3, 64, seed=1), numbers(1, 1, 3, 64, seed=2)
    expected = torch.zeros_like(x)
    for head, row, i in indices(2, 3, 64):
        partner = x[0, head, row, i - 1] if i % 2 else -x[0, head, row, i + 1]
        expected[0, head, row, i] = x[0, head, row, i] * cos[0, 0, row, i] + partner * sin[0, 0, row, i]
    rotary = EXPERIMENTAL.rotary_embedding_llama
    assert_close(rotary(tensor(x), tensor(cos), tensor(sin), tensor(turn), is_decode_mode=False), expected)
    # In decode each user has a matrix of its own, and a row of the tables.
    x, cos, sin = x.permute(0, 2, 1, 3), cos.permute(0, 2, 1, 3), sin.permute(0, 2, 1, 3)
    turns = REF.repeat(tensor(turn), (1, 1, 3, 1))
    found = rotary(tensor(x), tensor(cos), tensor(sin), turns, is_decode_mode=True)
    assert_close(found, expected.permute(0, 2, 1, 3))


def test_update_of_a_cache_at_the_position_of_each_user() -> None:
    before, x = numbers(3, KV_HEADS, 7, WIDTH), numbers(1, 3, KV_HEADS, WIDTH, seed=1)
    cache = tensor(before.clone())
    positions = tensor(torch.tensor([6, -1, 0]), ttnn.int32)
    assert EXPERIMENTAL.paged_update_cache(cache, tensor(x), update_idxs_tensor=positions) is cache
    expected = before.clone()
    for user, position in ((0, 6), (2, 0)):
        for head, i in indices(KV_HEADS, WIDTH):
            expected[user, head, position, i] = x[0, user, head, i]
    assert_close(cache, expected)


@pytest.mark.parametrize(
    'positions, message', [([7, 0, 0], 'position 7 of a cache of 7'), ([0], '3 users need as many')]
)
def test_positions_that_are_not_in_the_cache_are_refused(positions: list[int], message: str) -> None:
    cache, x = tensor(numbers(3, 1, 7, WIDTH)), tensor(numbers(1, 3, 1, WIDTH))
    with pytest.raises(Failure, match=message):
        EXPERIMENTAL.paged_update_cache(cache, x, update_idxs=positions)
