"""The golden functions that lowered models use, each against a formula of its operation's documentation."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
import ttnn

from failure import Failure
from tensors import REF, assert_close, indices, numbers, tensor

UNARY: dict[str, Callable[[float], float]] = {
    'cos': math.cos,
    'exp': math.exp,
    'gelu': lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    'neg': lambda x: -x,
    'relu': lambda x: max(x, 0.0),
    'sigmoid': lambda x: 1 / (1 + math.exp(-x)),
    'silu': lambda x: x / (1 + math.exp(-x)),
    'sin': math.sin,
    'softplus': lambda x: math.log(1 + math.exp(x)),
    'sqrt': lambda x: math.sqrt(x) if x >= 0 else math.nan,
    'square': lambda x: x * x,
    'tanh': math.tanh,
}
GELU_TANH = lambda x: x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2


def each(function: Callable[..., float], *tensors: torch.Tensor) -> torch.Tensor:
    """A function of Python numbers, applied to every element."""
    flat = [function(*values) for values in zip(*(one.flatten().tolist() for one in tensors), strict=True)]
    return torch.tensor(flat).reshape(tensors[0].shape)


def products(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """[M, K] · [K, N] by loops."""
    out = torch.zeros(a.shape[0], b.shape[1])
    for i, j in indices(*out.shape):
        out[i, j] = sum(a[i, k].item() * b[k, j].item() for k in range(a.shape[1]))
    return out


@pytest.mark.parametrize('name', UNARY)
def test_unary(name: str) -> None:
    x = torch.cat([numbers(1, 1, 3, 40), torch.tensor([0.0, -3.0, 3.0]).expand(1, 1, 3, 3)], dim=3)
    found = getattr(REF, name)(tensor(x))
    torch.testing.assert_close(found.values, each(UNARY[name], x), rtol=1e-5, atol=1e-6, equal_nan=True)


def test_gelu_by_its_variants() -> None:
    x = 3 * numbers(1, 1, 2, 50)
    assert_close(REF.gelu(tensor(x), fast_and_approximate_mode=False), each(UNARY['gelu'], x))
    assert_close(REF.gelu(tensor(x), variant=ttnn.GeluVariant.Tanh), each(GELU_TANH, x))
    # The fast mode is a table of the same function, which no golden function models.
    assert_close(REF.gelu(tensor(x), fast_and_approximate_mode=True), each(UNARY['gelu'], x))


def test_softplus_with_beta_and_threshold() -> None:
    x = 3 * numbers(1, 1, 2, 50)
    expected = each(lambda x: x if 2 * x > 3 else math.log(1 + math.exp(2 * x)) / 2, x)
    assert_close(REF.softplus(tensor(x), beta=2.0, threshold=3.0), expected)


BINARY: dict[str, Callable[[float, float], float]] = {
    'add': lambda a, b: a + b,
    'subtract': lambda a, b: a - b,
    'multiply': lambda a, b: a * b,
    'divide': lambda a, b: a / b,
}


@pytest.mark.parametrize('name', BINARY)
def test_binary(name: str) -> None:
    a, b = numbers(1, 1, 3, 4), numbers(1, 1, 3, 4, seed=1)
    assert_close(getattr(REF, name)(tensor(a), tensor(b)), each(BINARY[name], a, b))
    assert_close(getattr(REF, name)(tensor(a), 0.75), each(lambda x: BINARY[name](x, 0.75), a))
    row = numbers(1, 1, 1, 4, seed=2)
    found = getattr(REF, name)(tensor(a), tensor(row))
    assert_close(found, each(BINARY[name], a, torch.cat([row] * 3, dim=2)))


FUSED: list[tuple[Any, Callable[[float], float]]] = [
    (ttnn.UnaryOpType.SILU, UNARY['silu']),
    (ttnn.UnaryOpType.GELU, UNARY['gelu']),
    (ttnn.UnaryOpType.GELU_TANH, GELU_TANH),
    (ttnn.UnaryOpType.RELU, UNARY['relu']),
    (ttnn.UnaryOpType.SIGMOID, UNARY['sigmoid']),
    (ttnn.UnaryOpType.TANH, UNARY['tanh']),
    (ttnn.UnaryOpType.SQUARE, UNARY['square']),
    (ttnn.UnaryWithParam(ttnn.UnaryOpType.GELU, 0.0), UNARY['gelu']),
]


@pytest.mark.parametrize('activation, function', FUSED, ids=lambda value: getattr(value, 'name', ''))
def test_multiply_activates_its_first_operand(activation: Any, function: Callable[[float], float]) -> None:
    a, b = numbers(1, 1, 3, 4), numbers(1, 1, 3, 4, seed=1)
    found = REF.multiply(tensor(a), tensor(b), input_tensor_a_activations=[activation])
    assert_close(found, each(lambda x, y: function(x) * y, a, b))


def test_an_activation_that_the_golden_function_lacks_is_refused() -> None:
    x = tensor(numbers(1, 1, 2, 2))
    with pytest.raises(Failure, match=r'ttnn\.multiply: .*RELU6'):
        REF.multiply(x, x, input_tensor_a_activations=[ttnn.UnaryOpType.RELU6])


def test_matmul() -> None:
    a, b = numbers(2, 3, 4, 5), numbers(2, 3, 5, 2, seed=1)
    expected = torch.stack([products(a[i, j], b[i, j]) for i, j in indices(2, 3)]).reshape(2, 3, 4, 2)
    assert_close(REF.matmul(tensor(a), tensor(b)), expected)
    assert_close(REF.matmul(tensor(a), tensor(b.permute(0, 1, 3, 2)), transpose_b=True), expected)


@pytest.mark.parametrize('activation', [None, 'silu', 'gelu', 'relu'])
def test_linear(activation: str | None) -> None:
    x, weight, bias = numbers(1, 1, 3, 6), numbers(6, 5, seed=1), numbers(1, 1, 1, 5, seed=2)
    sums = products(x[0, 0], weight) + torch.stack([bias[0, 0, 0]] * 3)
    expected = sums if activation is None else each(UNARY[activation], sums)
    found = REF.linear(tensor(x), tensor(weight), bias=tensor(bias), activation=activation)
    assert_close(found, expected[None, None])


def test_linear_of_shapes_that_do_not_fit_is_refused() -> None:
    with pytest.raises(Failure, match=r'ttnn\.linear: .*cannot be multiplied'):
        REF.linear(tensor(numbers(1, 1, 3, 6)), tensor(numbers(5, 5)))


def test_embedding() -> None:
    table, tokens = numbers(7, 4), torch.tensor([[3, 0, 6]])
    expected = torch.stack([table[3], table[0], table[6]])[None]
    found = REF.embedding(tensor(tokens, ttnn.uint32), tensor(table, ttnn.bfloat16), layout=ttnn.TILE_LAYOUT)
    assert_close(found, expected.bfloat16())
    assert (found.dtype, found.layout) == (ttnn.bfloat16, ttnn.TILE_LAYOUT)
    with pytest.raises(Failure, match='index out of range'):
        REF.embedding(tensor(torch.tensor([[7]]), ttnn.uint32), tensor(table))


def normed(x: torch.Tensor, centre: bool) -> torch.Tensor:
    """Rows over their root mean square, or over their standard deviation around the mean."""
    rows = []
    for row in x.reshape(-1, x.shape[-1]).tolist():
        mean = sum(row) / len(row) if centre else 0.0
        square = sum((value - mean) ** 2 for value in row) / len(row)
        rows.append([(value - mean) / math.sqrt(square + 1e-3) for value in row])
    return torch.tensor(rows).reshape(x.shape)


# As a row in tiles, or cut into rows of 32 that need no tiles.
VECTORS = [(1, 1, 1, 64), (1, 1, 2, 32)]


@pytest.mark.parametrize('shape', VECTORS)
def test_rms_norm(shape: tuple[int, ...]) -> None:
    x, weight = numbers(1, 1, 3, 64), numbers(64, seed=1)
    found = REF.rms_norm(tensor(x), epsilon=1e-3, weight=tensor(weight.reshape(shape)))
    assert_close(found, each(lambda a, b: a * b, normed(x, False), torch.stack([weight] * 3)[None, None]))


@pytest.mark.parametrize('shape', VECTORS)
def test_layer_norm(shape: tuple[int, ...]) -> None:
    x, weight, bias = numbers(1, 1, 3, 64), numbers(64, seed=1), numbers(64, seed=2)
    weights, biases = (torch.stack([vector] * 3)[None, None] for vector in (weight, bias))
    vectors = {'weight': tensor(weight.reshape(shape)), 'bias': tensor(bias.reshape(shape))}
    found = REF.layer_norm(tensor(x), epsilon=1e-3, **vectors)
    assert_close(found, each(lambda a, b, c: a * b + c, normed(x, True), weights, biases))


def test_layer_norm_leaves_its_input_alone() -> None:
    x, residual = numbers(1, 1, 3, 64), numbers(1, 1, 3, 64, seed=1)
    held = tensor(x)
    found = REF.layer_norm(held, epsilon=1e-3, residual_input_tensor=tensor(residual))
    assert_close(found, normed(x + residual, True))
    assert_close(held, x)


def test_mean() -> None:
    x = numbers(1, 1, 3, 5)
    expected = torch.tensor([sum(row) / 5 for row in x[0, 0].tolist()])
    assert_close(REF.mean(tensor(x), dim=-1, keepdim=True), expected[None, None, :, None])
    assert_close(REF.mean(tensor(x), dim=-1), expected[None, None])


def test_shapes() -> None:
    x = numbers(2, 3, 4, 5)
    moved, joined = torch.zeros(2, 4, 3, 5), torch.zeros(2, 3, 4, 10)
    turned, repeated = torch.zeros(5, 2, 4, 3), torch.zeros(2, 3, 8, 5)
    for a, b, c, d in indices(2, 3, 4, 5):
        moved[a, c, b, d] = turned[d, a, c, b] = x[a, b, c, d]
        joined[a, b, c, d] = joined[a, b, c, d + 5] = repeated[a, b, c, d] = repeated[a, b, c + 4, d] = x[a, b, c, d]
    held = tensor(x)
    assert_close(REF.transpose(held, 1, 2), moved)
    assert_close(REF.permute(held, (3, 0, 2, 1)), turned)
    assert_close(REF.concat([held, held], dim=-1), joined)
    assert_close(REF.repeat(held, (1, 1, 2, 1)), repeated)
    flat = x.flatten().tolist()
    assert_close(
        REF.reshape(held, (1, 1, 24, 5)), torch.tensor([flat[5 * i : 5 * i + 5] for i in range(24)])[None, None]
    )
    assert_close(REF.reshape(held, held.shape), x)
    assert_close(REF.reshape(held, (1, 1, -1, 60)), torch.tensor([flat[:60], flat[60:]])[None, None])
    sliced = torch.tensor([[[x[1, b, c, d] for d in (3, 4)] for c in (1, 2, 3)] for b in range(3)])
    assert_close(REF.slice(held, (1, 0, 1, 3), (2, 3, 4, 5)), sliced[None])
    assert_close(REF.unsqueeze_to_4D(tensor(x[0, 0])), torch.tensor([[x[0, 0].tolist()]]))


@pytest.mark.parametrize('name', ['to_memory_config', 'interleaved_to_sharded', 'sharded_to_interleaved'])
def test_moves_leave_the_numbers(name: str) -> None:
    x = numbers(1, 1, 3, 4)
    assert_close(getattr(REF, name)(tensor(x), ttnn.L1_MEMORY_CONFIG), x)


def test_to_layout() -> None:
    x = numbers(1, 1, 3, 4)
    found = REF.to_layout(tensor(x), ttnn.ROW_MAJOR_LAYOUT)
    assert_close(found, x)
    assert (found.layout, found.dtype) == (ttnn.ROW_MAJOR_LAYOUT, ttnn.float32)
    assert REF.to_layout(tensor(x), ttnn.TILE_LAYOUT, dtype=ttnn.bfloat16).dtype == ttnn.bfloat16


def test_typecast() -> None:
    x = torch.tensor([[1.00390625, -2.7, 3.0]])
    rounded = REF.typecast(tensor(x), ttnn.bfloat16)
    # Halfway between two bfloat16: to the even one.
    assert (rounded.dtype, rounded.values.tolist()) == (ttnn.bfloat16, [[1.0, -2.703125, 3.0]])
    assert REF.typecast(tensor(x), dtype=ttnn.int32).values.tolist() == [[1, -2, 3]]
    numbers_of_tokens = REF.typecast(tensor(torch.tensor([[5, 70000]]), ttnn.uint32), ttnn.float32)
    assert (numbers_of_tokens.dtype, numbers_of_tokens.values.tolist()) == (ttnn.float32, [[5.0, 70000.0]])


def test_creation() -> None:
    options = {'dtype': ttnn.bfloat16, 'layout': ttnn.TILE_LAYOUT, 'device': object()}
    zeros, full = REF.zeros((1, 2, 3, 4), **options), REF.full((1, 2), 1 / 3, **options)
    assert (tuple(zeros.shape), zeros.dtype, zeros.layout) == ((1, 2, 3, 4), ttnn.bfloat16, ttnn.TILE_LAYOUT)
    assert zeros.values.flatten().tolist() == [0.0] * 24
    assert full.values.tolist() == [[0.333984375, 0.333984375]]


def attend(query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scale: float) -> list[float]:
    """One query over some keys: softmax by its definition."""
    weights = [math.exp(scale * sum((query * key).tolist())) for key in keys]
    return [sum(w * v for w, v in zip(weights, column, strict=True)) / sum(weights) for column in values.T.tolist()]


@pytest.mark.parametrize('window', [None, 3])
def test_attention_of_a_prompt(window: int | None) -> None:
    q, k, v = numbers(1, 4, 6, 8), numbers(1, 2, 6, 8, seed=1), numbers(1, 2, 6, 8, seed=2)
    expected = torch.zeros_like(q)
    for head, row in indices(4, 6):
        seen = slice(0 if window is None else max(0, row + 1 - window), row + 1)
        expected[0, head, row] = torch.tensor(
            attend(q[0, head, row], k[0, head // 2, seen], v[0, head // 2, seen], 0.3)
        )
    operation = REF.transformer.scaled_dot_product_attention
    found = operation(tensor(q), tensor(k), tensor(v), is_causal=True, scale=0.3, sliding_window_size=window)
    assert_close(found, expected)
    default = operation(tensor(q), tensor(k), tensor(v), is_causal=True, scale=8**-0.5)
    assert_close(operation(tensor(q), tensor(k), tensor(v)), default.values)


def test_attention_by_a_mask() -> None:
    q, k, v = numbers(1, 2, 3, 8), numbers(1, 2, 5, 8, seed=1), numbers(1, 2, 5, 8, seed=2)
    seen = torch.tensor([[1, 0, 1, 1, 0], [0, 0, 0, 0, 1], [1, 1, 1, 1, 1]], dtype=torch.bool)
    mask = torch.zeros(1, 1, 3, 5).masked_fill(~seen, -math.inf)
    expected = torch.zeros_like(q)
    for head, row in indices(2, 3):
        expected[0, head, row] = torch.tensor(
            attend(q[0, head, row], k[0, head, seen[row]], v[0, head, seen[row]], 0.3)
        )
    operation = REF.transformer.scaled_dot_product_attention
    found = operation(tensor(q), tensor(k), tensor(v), attn_mask=tensor(mask), is_causal=False, scale=0.3)
    assert_close(found, expected)


@pytest.mark.parametrize('window', [None, 3])
def test_attention_of_a_token_of_each_user(window: int | None) -> None:
    positions = [5, -1, 0, 7]
    q, k, v = numbers(1, 4, 6, 8), numbers(4, 2, 8, 8, seed=1), numbers(4, 2, 8, 8, seed=2)
    # What lies behind a user's position must not be looked at, and nothing of a user that rests.
    for user, position in enumerate(positions):
        k[user, :, position + 1 :] = v[user, :, position + 1 :] = math.nan
    expected = torch.zeros(1, 4, 6, 8)
    for user, head in indices(4, 6):
        last = positions[user] + 1
        seen = slice(0 if window is None else max(0, last - window), last)
        if last > 0:
            row = attend(q[0, user, head], k[user, head // 3, seen], v[user, head // 3, seen], 0.3)
            expected[0, user, head] = torch.tensor(row)
    operation = REF.transformer.scaled_dot_product_attention_decode
    cur_pos = tensor(torch.tensor(positions), ttnn.int32)
    found = operation(tensor(q), tensor(k), tensor(v), cur_pos_tensor=cur_pos, scale=0.3, sliding_window_size=window)
    assert_close(found, expected)


def test_fill_of_the_cache_of_a_user() -> None:
    before, x = numbers(3, 2, 8, 4), numbers(1, 2, 5, 4, seed=1)
    cache, expected = tensor(before), before.clone()
    for head, row, i in indices(2, 5, 4):
        expected[1, head, row + 2, i] = x[0, head, row, i]
    assert REF.fill_cache(cache, tensor(x), 1, update_idx=2) is cache
    assert_close(cache, expected)


@pytest.mark.parametrize(
    'user, first, message', [(3, 0, 'user 3 of a cache of 3'), (-1, 0, 'user -1'), (0, 4, 'must match')]
)
def test_a_fill_beyond_the_cache_is_refused(user: int, first: int, message: str) -> None:
    cache, x = tensor(numbers(3, 2, 8, 4)), tensor(numbers(1, 2, 5, 4))
    with pytest.raises(Failure, match=message):
        REF.fill_cache(cache, x, user, update_idx=first)


def test_update_of_all_users_at_one_position() -> None:
    before, x = numbers(3, 2, 8, 4), numbers(1, 2, 3, 4, seed=1)
    cache, expected = tensor(before), before.clone()
    for user, head, i in indices(3, 2, 4):
        expected[user, head, 6, i] = x[0, head, user, i]
    assert REF.update_cache(cache, tensor(x), 6) is cache
    assert_close(cache, expected)
