from types import SimpleNamespace
from typing import Any

import pytest

from failure import Failure, describe_error
from model_module import ModelModule

TEXT = """
import math
import ttnn

PARAMETERS = {'a': ((1,), ttnn.bfloat16, ttnn.TILE_LAYOUT)}
INPUTS = {'prefill': {'x': (ttnn.uint32, ttnn.TILE_LAYOUT)}}

def make_caches(device, users, length):
    return {'a': (users, length)}

def block(w, at, x):
    return x + w[at]

def prefill(w, caches, step):
    return {'x': block(w, 'b', block(w, 'a', step.x)), 'pi': math.floor(math.pi)}
"""
TTNN = SimpleNamespace(bfloat16='bfloat16', uint32='uint32', TILE_LAYOUT='tile')


def module_of(text: str = TEXT) -> ModelModule:
    return ModelModule(text, 'some.py', TTNN)


def run(module: ModelModule) -> dict[str, Any]:
    return module.run('prefill', {'a': 1, 'b': 10}, {}, SimpleNamespace(x=100))


def test_a_module_says_what_it_wants_and_runs_with_the_ttnn_it_is_given() -> None:
    module = module_of()
    assert module.parameters == {'a': ((1,), 'bfloat16', 'tile')}
    assert module.inputs('prefill') == {'x': ('uint32', 'tile')}
    assert module.make_caches(None, 2, 3) == {'a': (2, 3)}
    assert run(module) == {'x': 111, 'pi': 3}


def test_taps_are_kept_of_the_calls_that_are_wanted() -> None:
    module = module_of()
    with module.tapped([('block', 'a'), ('block', 'c')], lambda x: -x) as kept:
        assert run(module)['x'] == 111
    assert kept == {('block', 'a'): -101}
    run(module)
    assert kept == {('block', 'a'): -101}


@pytest.mark.parametrize(
    'line',
    ['import numpy', 'import os, torch', 'from ttnn.device import Arch', 'from . import x', 'def f(): import numpy'],
)
def test_other_imports_are_refused(line: str) -> None:
    with pytest.raises(Failure, match=r'some\.py:\d+: imports'):
        module_of(f'{TEXT}\n{line}\n')


def test_of_two_modules_of_one_name_each_shows_its_own_lines() -> None:
    first = module_of(TEXT.replace('x + w[at]', 'x / 0'))
    second = module_of(TEXT.replace('x + w[at]', 'x % 0'))
    for module, line in ((first, 'return x / 0'), (second, 'return x % 0'), (first, 'return x / 0')):
        with pytest.raises(ZeroDivisionError) as caught:
            run(module)
        assert describe_error(caught.value, 'some.py')['message'].endswith(f'\n  at some.py:12: {line}')
