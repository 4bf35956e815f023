"""Programs before real ttnn: on mocks of boards, which accept or refuse them, and on a board where there is one."""

import numpy as np
import pytest
import ttnn

import small_decoder as small
from backend import board_trouble, compiler_trouble
from conversation import Conversation
from reference import BOARDS

needs_compiler = pytest.mark.skipif(compiler_trouble() is not None, reason=compiler_trouble() or '')
needs_board = pytest.mark.skipif(board_trouble() is not None, reason=board_trouble() or '')

# 256 MiB in L1.
TOO_MUCH = (
    'ttnn.zeros((1, 1, 8192, 16384), dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=step.device, '
    'memory_config=ttnn.L1_MEMORY_CONFIG)'
)
GRID = """
import ttnn
PARAMETERS = {}
INPUTS = {'grid': {}}
def make_caches(device, users, length):
    grid = device.compute_with_storage_grid_size()
    return {'grid': ttnn.zeros((1, 1, grid.x, grid.y), dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device)}
def grid(w, caches, step):
    return {'grid': caches['grid']}
"""


def run_decoder(host: Conversation) -> tuple[np.ndarray, np.ndarray]:
    """Logits of a prompt of 32 tokens, then of the next token of its user."""
    tokens = small.prompt(33)
    loaded = host.ask('load', module=small.TEXT, name='decoder', parameters=small.PARAMETERS, files=[]).header
    assert loaded.get('ok'), loaded
    state = host.ask('createState', users=2, length=64, fill=0).header['state']
    arrays = small.prefill_arrays(tokens[:32])
    first = host.ask('run', arrays, state=state, phase='prefill', user=1, outputs=['logits'])
    assert first.header.get('ok'), first.header
    arrays = small.decode_arrays([0, tokens[32]], [-1, 32])
    second = host.ask('run', arrays, state=state, phase='decode', outputs=['logits'])
    assert second.header.get('ok'), second.header
    forked = host.ask('forkState', state=state, **{'from': 1, 'to': 0}, length=33).header
    assert forked.get('done'), forked
    return first.arrays['logits'], second.arrays['logits']


def error_of(host: Conversation, expression: str) -> dict[str, str]:
    """What becomes of a prompt whose logits are `expression`."""
    text = small.TEXT.replace("ttnn.linear(x, w['lmHead.weight'])}", f'{expression}}}')
    assert host.ask('load', module=text, name='decoder').header.get('ok')
    arrays = small.prefill_arrays(small.prompt(32))
    return host.ask('run', arrays, state=1, phase='prefill', user=0, outputs=['logits']).header['error']


def grid_of(host: Conversation) -> ttnn.CoreCoord:
    host.ask('load', module=GRID, name='grid', parameters=[], files=[])
    state = host.ask('createState', users=1, length=1).header['state']
    grid = host.ask('run', state=state, phase='grid', outputs=['grid']).arrays['grid']
    return ttnn.CoreCoord(*grid.shape[2:])


@needs_compiler
def test_a_mock_board_accepts_a_good_program_and_refuses_bad_ones() -> None:
    with Conversation() as host:
        opened = host.ask('open', mode='acceptance', board='n150', mesh=[1, 1]).header
        product, l1 = opened['refusals']
        assert 'Mismatch: width=64 height=96' in product and '268435456 B L1' in l1
        first, second = run_decoder(host)
        assert (first.shape, second.shape) == ((1, 1, 32, 64), (1, 1, 2, 64))
        # Were these accepted, acceptance would mean nothing.
        unfit = error_of(host, "ttnn.linear(x, w['down.weight'])")
        assert unfit['kind'] == 'refused'
        said, place = unfit['message'].split('\n')
        assert said.startswith('ttnn.linear: ') and said.endswith('Mismatch: width=64 height=96')
        assert place == "  at decoder.py:81: return {'logits': ttnn.linear(x, w['down.weight'])}"
        too_much = error_of(host, TOO_MUCH)
        assert too_much['kind'] == 'refused'
        assert 'ttnn.zeros: Out of Memory: Not enough space to allocate 268435456 B L1 buffer' in too_much['message']
        assert 'incompatible function arguments' in error_of(host, 'ttnn.slice(x, starts=3)')['message']
        unknown = error_of(host, 'ttnn.plus(x, x)')
        assert unknown['kind'] == 'refused' and "has no attribute 'plus'" in unknown['message']
        assert grid_of(host) == BOARDS['n150'][1]
        assert host.end() == 0


@needs_compiler
@pytest.mark.parametrize('board', BOARDS.keys() - {'n150'})
def test_the_reference_knows_the_cores_of_other_boards(board: str) -> None:
    with Conversation() as host:
        assert host.ask('open', mode='acceptance', board=board, mesh=[1, 1]).header['ok']
        assert grid_of(host) == BOARDS[board][1]


@needs_board
def test_a_board_computes_nearly_what_the_model_is() -> None:
    with Conversation() as host:
        assert host.ask('open', mode='device', board='n150', mesh=[1, 1]).header['ok']
        first, second = run_decoder(host)
        tokens = small.prompt(33)
        assert np.corrcoef(first[0, 0].flatten(), small.logits(tokens[:32]).flatten())[0, 1] > 0.99
        assert np.corrcoef(second[0, 0, 1], small.logits(tokens)[-1])[0, 1] > 0.99
