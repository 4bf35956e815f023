"""What the namespace adds to golden functions and stand-ins."""

import pytest
import torch
import ttnn

from failure import Failure
from tensors import REF, REFERENCE, numbers, tensor


@pytest.mark.parametrize('first', [ttnn.bfloat16, ttnn.float32, ttnn.bfloat8_b])
@pytest.mark.parametrize('second', [ttnn.bfloat16, ttnn.float32, ttnn.bfloat8_b])
def test_a_result_has_the_dtype_of_the_first_tensor(first: object, second: object) -> None:
    # As real ttnn has it on a mock board, of all of these.
    a, b = tensor(numbers(1, 1, 32, 64), first), tensor(numbers(1, 1, 32, 64, seed=1), second)
    weight, vector = tensor(numbers(64, 64), second), tensor(numbers(1, 1, 1, 64), second)
    results = [REF.add(a, b), REF.linear(a, weight), REF.rms_norm(a, weight=vector, epsilon=1e-5)]
    results += [REF.layer_norm(a, weight=vector, bias=vector, epsilon=1e-5)]
    assert [result.dtype for result in results] == [first] * 4
    assert REF.add(a, b, dtype=second).dtype == second


def test_a_result_is_rounded_once_to_its_dtype() -> None:
    x = tensor(numbers(1, 1, 32, 64), ttnn.bfloat16)
    found = REF.multiply(x, x, input_tensor_a_activations=[ttnn.UnaryOpType.SILU])
    exact = torch.nn.functional.silu(x.values.double()) * x.values.double()
    assert torch.equal(found.values, exact.bfloat16().float())


@pytest.mark.parametrize('dtype, bits', [(ttnn.bfloat8_b, 7), (ttnn.bfloat4_b, 3)])
def test_block_floats_share_the_exponent_of_16_numbers(dtype: object, bits: int) -> None:
    x = numbers(32, 64)
    kept = tensor(x, dtype).values
    blocks = x.reshape(32, 4, 16)
    step = 2.0 ** (torch.floor(torch.log2(blocks.abs().amax(dim=2, keepdim=True))) - bits + 1)
    error = (kept.reshape(32, 4, 16) - blocks).abs() / step
    # The largest number of a block may be cut where it would be rounded up to the next exponent.
    assert error.max() <= 1 and error.median() <= 0.5
    assert torch.equal(torch.round(kept.reshape(32, 4, 16) / step), kept.reshape(32, 4, 16) / step)


def test_a_cache_of_block_floats_holds_block_floats() -> None:
    cache = REF.zeros((2, 1, 32, 64), dtype=ttnn.bfloat8_b, layout=ttnn.TILE_LAYOUT, device=REFERENCE.device)
    x = tensor(numbers(1, 2, 1, 64), ttnn.bfloat16)
    REF.experimental.paged_update_cache(cache, x, update_idxs=[4, 31])
    kept = REF.typecast(x, ttnn.bfloat8_b).values
    assert torch.equal(cache.values[0, 0, 4], kept[0, 0, 0]) and torch.equal(cache.values[1, 0, 31], kept[0, 1, 0])
    assert not torch.equal(kept, x.values)


def test_results_are_no_views() -> None:
    cache = tensor(torch.zeros(2, 1, 8, 4))
    seen = [REF.slice(cache, (1, 0, 0, 0), (2, 1, 8, 4)), REF.transpose(cache, 1, 2), REF.reshape(cache, (2, 8, 4))]
    seen += [REF.to_layout(cache, ttnn.ROW_MAJOR_LAYOUT), REF.typecast(cache, ttnn.float32)]
    REF.fill_cache(cache, tensor(torch.ones(1, 1, 8, 4)), 1)
    assert cache.values.sum() == 32 and all(one.values.sum() == 0 for one in seen)


def test_calls_are_counted_by_kind() -> None:
    x = tensor(numbers(1, 2, 3, 4))
    REFERENCE.calls.clear()
    REF.silu(x)
    REF.silu(x)
    REF.experimental.nlp_concat_heads(x, memory_config=ttnn.L1_MEMORY_CONFIG)
    REF.deallocate(x)
    assert REFERENCE.calls == {('silu', 'golden'): 2, ('experimental.nlp_concat_heads', 'standIn'): 1}


def test_what_needs_no_device_is_ttnn_itself() -> None:
    assert REF.WormholeComputeKernelConfig is ttnn.WormholeComputeKernelConfig
    assert REF.TILE_LAYOUT is ttnn.TILE_LAYOUT and REF.UnaryOpType is ttnn.UnaryOpType
    cores = REF.num_cores_to_corerangeset(3, REFERENCE.device.compute_with_storage_grid_size(), row_wise=True)
    options = {'strategy': REF.ShardStrategy.HEIGHT, 'use_height_and_width_as_shard_shape': True}
    assert REF.create_sharded_memory_config((32, 64), core_grid=cores, **options).is_sharded()


@pytest.mark.parametrize(
    'find, message',
    [
        (lambda: REF.fast_linear, 'ttnn has no ttnn.fast_linear'),
        (lambda: REF.experimental.paged_fill_cache, 'ttnn.experimental.paged_fill_cache has neither'),
        (lambda: REF.open_device, 'ttnn.open_device has neither'),
        (lambda: REF.add_, 'ttnn.add_ has neither'),
    ],
)
def test_what_is_not_modelled_is_refused_by_name(find: object, message: str) -> None:
    with pytest.raises(Failure, match=message) as caught:
        find()
    assert caught.value.kind == 'refused'


def test_an_argument_that_a_stand_in_does_not_know_is_refused() -> None:
    cache, x = tensor(numbers(1, 1, 32, 4)), tensor(numbers(1, 1, 1, 4))
    with pytest.raises(Failure, match='page_table'):
        REF.experimental.paged_update_cache(cache, x, update_idxs=[0], page_table=x)
