"""The whole host as a process, in mode reference."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import small_decoder as small
from backend import board_trouble
from conversation import HOST, Conversation
from python_trouble import CANNOT_RUN


@pytest.fixture(scope='module')
def host() -> Iterator[Conversation]:
    with Conversation() as host:
        reply = host.ask('open', mode='reference', board='n150', mesh=[1, 1]).header
        assert reply['ok'] and reply['mode'] == 'reference' and set(reply['versions']) == {'python', 'ttnn', 'torch'}
        assert reply['refusals'] == []
        yield host


@pytest.fixture
def decoder(host: Conversation) -> Conversation:
    """With the small decoder in float32."""
    reply = host.ask('load', module=small.IN_FLOAT32, name='decoder', parameters=small.PARAMETERS, files=[]).header
    assert reply['bytes'] == 4 * sum(np.prod(shape) for shape in small.SHAPES.values()) + 4 * 31 * 64
    return host


def prefill(host: Conversation, state: int, user: int, tokens: np.ndarray, **fields: Any) -> Any:
    arrays = small.prefill_arrays(tokens)
    return host.ask('run', arrays, state=state, phase='prefill', user=user, outputs=['logits'], **fields)


def test_a_prompt_and_then_tokens_give_what_the_model_computes(decoder: Conversation) -> None:
    tokens = small.prompt(36)
    state = decoder.ask('createState', users=2, length=64, fill=None).header['state']
    found = prefill(decoder, state, 1, tokens[:32]).arrays['logits']
    np.testing.assert_allclose(found[0, 0], small.logits(tokens[:32]), rtol=1e-4, atol=1e-4)
    for position in range(32, 36):
        arrays = small.decode_arrays([0, tokens[position]], [-1, position])
        reply = decoder.ask('run', arrays, state=state, phase='decode', outputs=['logits'])
        assert reply.arrays['logits'].shape == (1, 1, 2, 64)
        expected = small.logits(tokens[: position + 1])[-1]
        np.testing.assert_allclose(reply.arrays['logits'][0, 0, 1], expected, rtol=1e-4, atol=1e-4)


def test_in_bfloat16_it_gives_nearly_that(host: Conversation) -> None:
    host.ask('load', module=small.TEXT, name='decoder', parameters=small.PARAMETERS, files=[])
    tokens = small.prompt(32)
    state = host.ask('createState', users=1, length=32).header['state']
    found = prefill(host, state, 0, tokens).arrays['logits'][0, 0]
    assert np.corrcoef(found.flatten(), small.logits(tokens).flatten())[0, 1] > 0.9995


def test_a_tap_is_what_the_function_returned(decoder: Conversation) -> None:
    state = decoder.ask('createState', users=1, length=32).header['state']
    taps = [{'function': 'ffn', 'at': 'layers.0.ffn'}, {'function': 'layer', 'at': 'layers.0'}]
    arrays = prefill(decoder, state, 0, small.prompt(32), taps=taps).arrays
    assert list(arrays) == ['logits', 'ffn@layers.0.ffn', 'layer@layers.0']
    found = arrays['layer@layers.0'][0, 0] @ small.WEIGHTS['lmHead.weight']
    np.testing.assert_allclose(found, arrays['logits'][0, 0], rtol=1e-4, atol=1e-4)
    assert list(prefill(decoder, state, 0, small.prompt(32)).arrays) == ['logits']


def test_calls_are_counted(decoder: Conversation) -> None:
    state = decoder.ask('createState', users=1, length=32).header['state']
    for _ in range(2):
        calls = prefill(decoder, state, 0, small.prompt(32)).header['calls']
    assert (calls['golden'], calls['standIn']) == (15, 4)
    assert calls['byName']['linear'] == ['golden', 5]
    assert calls['byName']['experimental.rotary_embedding_hf'] == ['standIn', 2]


def test_a_fork_copies_the_past_of_a_user(decoder: Conversation) -> None:
    tokens = small.prompt(33)
    state = decoder.ask('createState', users=2, length=64, fill=7.0).header['state']
    prefill(decoder, state, 0, tokens[:32])
    reply = decoder.ask('forkState', state=state, **{'from': 0, 'to': 1}, length=32).header
    assert reply['ok'] and reply['done']
    arrays = small.decode_arrays([tokens[32]] * 2, [32, 32])
    found = decoder.ask('run', arrays, state=state, phase='decode', outputs=['logits']).arrays['logits'][0, 0]
    np.testing.assert_array_equal(found[0], found[1])


def test_what_was_freed_is_gone(decoder: Conversation) -> None:
    state = decoder.ask('createState', users=3, length=40).header['state']
    assert decoder.ask('freeState', state=state).header['ok']
    assert decoder.ask('freeState', state=state).header['error']['message'] == f'there is no state {state}'
    assert decoder.ask('unload').header['ok']
    assert decoder.ask('unload').header['error']['message'] == f'there is no model {decoder.model}'


def test_models_are_independent(decoder: Conversation) -> None:
    first, tokens = decoder.model, small.prompt(32)
    state = decoder.ask('createState', users=1, length=32).header['state']
    before = prefill(decoder, state, 0, tokens).arrays['logits']
    decoder.ask('load', module=small.TEXT, name='other', parameters=small.PARAMETERS, files=[])
    assert decoder.model != first
    other = decoder.ask('createState', users=1, length=32).header['state']
    assert np.any(prefill(decoder, other, 0, tokens).arrays['logits'] != before)
    assert decoder.ask('unload').header['ok']
    np.testing.assert_array_equal(prefill(decoder, state, 0, tokens, model=first).arrays['logits'], before)


def test_loading_tells_how_far_it_is(decoder: Conversation) -> None:
    assert decoder.progress[-1]['loadedBytes'] == decoder.progress[-1]['totalBytes'] > 0


def test_a_text_can_be_exchanged_on_the_same_weights(decoder: Conversation) -> None:
    logits = "ttnn.linear(x, w['lmHead.weight'])"
    halved = small.IN_FLOAT32.replace(logits, f'ttnn.multiply({logits}, 0.5)')
    state = decoder.ask('createState', users=1, length=32).header['state']
    before = prefill(decoder, state, 0, small.prompt(32)).arrays['logits']
    assert decoder.ask('load', module=halved, name='decoder').header['ok']
    np.testing.assert_array_equal(prefill(decoder, state, 0, small.prompt(32)).arrays['logits'], before / 2)
    other = decoder.ask('load', module=small.TEXT, name='decoder').header['error']
    assert other['kind'] == 'request' and 'decoder.py wants embedding.weight as' in other['message']


def test_parameters_can_come_with_the_request(host: Conversation) -> None:
    module = """
import ttnn
PARAMETERS = {'stored': ((1, 2), ttnn.float32, ttnn.TILE_LAYOUT), 'sent': ((1, 2), ttnn.float32, ttnn.TILE_LAYOUT)}
INPUTS = {'prefill': {}}
def make_caches(device, users, length):
    return {}
def prefill(w, caches, step):
    return {'sum': ttnn.add(w['stored'], w['sent'])}
"""
    expr = {'kind': 'random', 'seed': 0, 'stream': '', 'mean': 3, 'std': 0, 'shape': [1, 2]}
    sent = {'sent': np.array([[1, 2]], np.float32)}
    host.ask('load', sent, module=module, name='sum', parameters=[{'name': 'stored', 'expr': expr}], files=[])
    state = host.ask('createState', users=1, length=1).header['state']
    reply = host.ask('run', state=state, phase='prefill', outputs=['sum'])
    np.testing.assert_array_equal(reply.arrays['sum'], [[4, 5]])


# What is changed in the text, into what, and the error of a prompt.
ERRORS = [
    (
        "'logits': ttnn.linear(x, w['lmHead.weight'])",
        "'logits': ttnn.linear(x, w['down.weight'])",
        'refused',
        r'ttnn\.linear: .*\n  at decoder\.py:81: return .*down',
    ),
    ('ttnn.add(', 'ttnn.plus(', 'refused', r'ttnn has no ttnn\.plus\n  at decoder\.py:\d+: x = ttnn\.plus\('),
    ("['norm.weight']", "['normal']", 'fault', r"KeyError: 'normal'\n  at decoder\.py:\d+: x = ttnn"),
    ('def embed(', 'def embed w(', 'request', r'decoder\.py:\d+: .*: def embed w'),
    ('import ttnn\n', 'import ttnn, torch\n', 'request', r'decoder\.py:\d+: imports torch; only "import ttnn"'),
    ('import ttnn\n', 'import ttnn\nfrom ttnn.device import Arch\n', 'request', r'imports ttnn\.device'),
    ('PARAMETERS', 'WEIGHTS', 'request', r'decoder\.py has no PARAMETERS'),
    ("'o.weight': ", "'p.weight': ", 'request', r'declares p\.weight, which is not given; given is o\.weight'),
    ("{'logits': ", "{'numbers': ", 'request', r'prefill of decoder\.py gives no logits'),
    ("'logits': ttnn.linear(x, w['lmHead.weight'])", "'logits': 3", 'request', 'only tensors can be'),
]


@pytest.mark.parametrize('old, new, kind, message', ERRORS, ids=[message for *_, message in ERRORS])
def test_an_error_in_the_module_names_its_line(
    decoder: Conversation, old: str, new: str, kind: str, message: str
) -> None:
    text = small.IN_FLOAT32.replace(old, new)
    assert text != small.IN_FLOAT32
    header = decoder.ask('load', module=text, name='decoder').header
    if 'error' not in header:
        state = decoder.ask('createState', users=1, length=32).header['state']
        header = prefill(decoder, state, 0, small.prompt(32)).header
    assert header['error']['kind'] == kind
    assert re.search(message, header['error']['message'])


RUN = {'state': 1, 'phase': 'prefill', 'user': 0, 'outputs': ['logits']}
REQUESTS = [
    ('jump', {}, 'there is no op "jump"'),
    ('open', {'mode': 'reference', 'board': 'n150', 'mesh': [1, 1]}, 'open already'),
    ('load', {'module': 'x', 'name': 3}, '"name" cannot be 3'),
    ('load', {'module': small.TEXT, 'name': 'decoder', 'parameters': [{}], 'files': []}, '"parameters" is not a list'),
    ('run', {**RUN, 'state': 9}, 'there is no state 9'),
    ('run', {**RUN, 'user': 1}, 'user 1 of a state of 1 users'),
    ('run', {**RUN, 'phase': 'dream'}, 'no phase "dream", only prefill, decode'),
    ('run', RUN, 'prefill takes tokens, cos, sin; given: nothing'),
    ('forkState', {'state': 1, 'from': 0, 'to': 3, 'length': 1}, 'user 3 of a state of 1 users'),
]


@pytest.mark.parametrize('op, fields, message', REQUESTS)
def test_a_bad_request_is_answered(decoder: Conversation, op: str, fields: dict[str, Any], message: str) -> None:
    decoder.ask('createState', users=1, length=32)
    error = decoder.ask(op, **fields).header['error']
    assert error['kind'] == 'request' and message in error['message']


def test_a_tap_that_did_not_occur_is_a_bad_request(decoder: Conversation) -> None:
    state = decoder.ask('createState', users=1, length=32).header['state']
    reply = prefill(decoder, state, 0, small.prompt(32), taps=[{'function': 'ffn', 'at': 'layers.7.ffn'}])
    assert reply.header['error'] == {
        'kind': 'request',
        'message': 'prefill of decoder.py did not call ffn@layers.7.ffn',
    }
    reply = prefill(decoder, state, 0, small.prompt(32), taps=[{'function': 'moe', 'at': 'layers.0'}])
    assert reply.header['error']['message'] == 'decoder.py has no moe'


@pytest.mark.parametrize(
    'bytes_there, kind, message',
    [
        (255, 'checkpoint', 'norm.weight: {path} ends at 255, before byte 256 of the weight at 0'),
        (None, 'checkpoint', 'cannot be read'),
    ],
)
def test_a_short_or_missing_file_is_named(
    host: Conversation, tmp_path: Path, bytes_there: int | None, kind: str, message: str
) -> None:
    path = tmp_path / 'model.safetensors'
    if bytes_there is not None:
        path.write_bytes(bytes(bytes_there))
    stored = {'kind': 'stored', 'file': 'model', 'offset': 0, 'bytes': 256, 'dtype': 'float32', 'shape': [1, 1, 1, 64]}
    parameters = [{**one, 'expr': stored} if one['name'] == 'norm.weight' else one for one in small.PARAMETERS]
    files = [{'name': 'model', 'path': str(path)}]
    error = host.ask('load', module=small.TEXT, name='decoder', parameters=parameters, files=files).header['error']
    assert error['kind'] == kind and message.format(path=path) in error['message']


def test_a_parameter_of_another_shape_is_named(host: Conversation) -> None:
    wrong = {**small.random_expr('o.weight'), 'shape': [64, 128]}
    parameters = [{**one, 'expr': wrong} if one['name'] == 'o.weight' else one for one in small.PARAMETERS]
    error = host.ask('load', module=small.TEXT, name='decoder', parameters=parameters, files=[]).header['error']
    assert error == {'kind': 'request', 'message': 'o.weight is given as [64, 128] and declared as [128, 64]'}


def test_before_a_device_is_open_nothing_can_be_loaded_and_other_modes_say_what_is_missing() -> None:
    with Conversation() as host:
        assert host.ask('load', module='', name='x').header['error']['message'] == 'no device is open'
        assert host.ask('run', state=1, model=1).header['error']['message'] == 'there is no model 1'
        wrong = host.ask('open', mode='dream', board='n150', mesh=[1, 1]).header['error']
        assert wrong['message'] == 'there is no mode "dream", only reference, acceptance, device'
        wrong = host.ask('open', mode='reference', board='n100', mesh=[1, 1]).header['error']
        assert wrong['message'] == 'without a board, only n150, n300, p150 can be had; not "n100"'
        wrong = host.ask('open', mode='reference', board='n150', mesh=[1, 2]).header['error']
        assert wrong['kind'] == 'request'
        if board_trouble() is not None:
            wrong = host.ask('open', mode='device', board='n150', mesh=[1, 1]).header['error']
            assert wrong['kind'] == 'refused' and '/dev/tenstorrent' in wrong['message']
        assert host.end() == 0


def test_bytes_that_are_no_frame_end_the_host_with_2() -> None:
    host = Conversation()
    reply = host.send_bytes(b'GET / HTTP/1.1\r\n\r\n')
    assert reply.header['id'] is None and reply.header['error']['kind'] == 'request'
    assert host.end() == 2


def test_help() -> None:
    shown = subprocess.run([sys.executable, str(HOST), '--help'], capture_output=True, text=True, check=True)
    assert 'frames on stdin and stdout' in shown.stdout


def test_a_python_without_ttnn_says_what_is_needed() -> None:
    # -S: without the packages that are installed.
    ended = subprocess.run([sys.executable, '-S', str(HOST)], capture_output=True, text=True)
    assert ended.returncode == CANNOT_RUN
    assert re.fullmatch(r'Python 3\.\d+\.\d+ has no numpy and no ttnn and no torch\n', ended.stderr)
