import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dequantise import BLOCKS, DECODERS, dequantise
from failure import Failure
from random_weights import random_weights
from weights import SOURCES, TRANSFORMS, Checkpoint, evaluate, to_torch

# Recorded from the reference in TypeScript, which checks the same file.
FIXTURE = Path(__file__).parents[3] / 'graph' / 'src' / 'fixtures' / 'weight-exprs.json'
CASES = json.loads(FIXTURE.read_text())


@pytest.mark.parametrize('case', CASES, ids=lambda case: case['name'])
def test_an_expression_is_what_typescript_says(case: dict[str, Any], tmp_path: Path) -> None:
    for name, content in case['files'].items():
        (tmp_path / name).write_bytes(base64.b64decode(content))
    checkpoint = Checkpoint({name: str(tmp_path / name) for name in case['files']})
    expected = np.frombuffer(base64.b64decode(case['floats']), '<f4').reshape(case['shape'])
    numbers = to_torch(evaluate(checkpoint, case['expr'])).float().numpy()
    assert numbers.shape == expected.shape
    # ln, cos and sin may differ in the last bit of a double: then in that of a float32, at most.
    np.testing.assert_array_max_ulp(numbers, expected, 1 if case['expr']['kind'] == 'random' else 0)


def test_the_cases_have_every_kind_and_every_storage_type() -> None:
    kinds, dtypes = set(), set()

    def visit(value: Any) -> None:
        if isinstance(value, dict):
            kinds.add(value.get('kind'))
            dtypes.add(value.get('dtype'))
            value = list(value.values())
        if isinstance(value, list):
            for item in value:
                visit(item)

    visit([case['expr'] for case in CASES])
    assert kinds - {None} == {*SOURCES, *TRANSFORMS}
    assert dtypes - {None} == set(BLOCKS) == {*DECODERS, 'uint8'}


FLOAT8 = [
    ('float8_e4m3', torch.float8_e4m3fn),
    ('float8_e5m2', torch.float8_e5m2),
    ('float8_e8m0', torch.float8_e8m0fnu),
]


@pytest.mark.parametrize('name, dtype', FLOAT8)
def test_every_code_of_a_float8_is_what_torch_says(name: str, dtype: torch.dtype) -> None:
    codes = np.arange(256, dtype=np.uint8)
    expected = torch.from_numpy(codes).view(dtype).float().numpy()
    np.testing.assert_array_equal(dequantise(codes[:, None], name), expected)


def test_random_numbers_do_not_depend_on_the_parts_they_are_made_in(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = random_weights(3, 'a', 0, 1, 101)
    monkeypatch.setattr('random_weights.CHUNK', 10)
    np.testing.assert_array_equal(random_weights(3, 'a', 0, 1, 101), whole)


def test_stored_bfloat16_and_float32_are_views_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / 'file'
    path.write_bytes(bytes(64))
    checkpoint = Checkpoint({'file': str(path)})
    mapped = checkpoint.read('file', 0, 64).ctypes.data
    for dtype, size in (('bfloat16', 2), ('float32', 4)):
        stored = {'kind': 'stored', 'file': 'file', 'offset': 0, 'bytes': 64, 'dtype': dtype, 'shape': [4, 16 // size]}
        rows = {'kind': 'rows', 'of': {**stored, 'shape': [4, 16 // size]}, 'start': 1, 'count': 2, 'step': 1}
        assert to_torch(evaluate(checkpoint, rows)).data_ptr() == mapped + 16


def expr(**fields: Any) -> dict[str, Any]:
    return {'kind': 'stored', 'file': 'file', 'offset': 0, 'bytes': 24, 'dtype': 'float32', 'shape': [3, 2], **fields}


WRONG = [
    (expr(offset=8), 'checkpoint', r'file ends at 24, before byte 32 of the weight at 8'),
    (expr(file='other'), 'checkpoint', 'other is not a file of this checkpoint'),
    (expr(file='gone'), 'checkpoint', 'gone cannot be read'),
    (expr(dtype='iq2_xxs'), 'request', '"iq2_xxs" cannot be read'),
    (expr(shape=[3, 3]), 'request', '6 blocks of float32 are not a tensor of shape'),
    ({'kind': 'turn', 'of': expr()}, 'request', '"turn" is no kind'),
    ({'kind': 'rows', 'of': expr(), 'start': 2, 'count': 2, 'step': 1}, 'request', 'row 3 is wanted of 3'),
    ({'kind': 'permuteRows', 'of': expr(), 'order': [3]}, 'request', 'row 3 is wanted of 3'),
    ({'kind': 'columns', 'of': expr(), 'start': 1, 'count': 2}, 'request', 'column 2 is wanted of 2'),
    (
        {'kind': 'scaleBlocks', 'of': expr(), 'scales': expr(bytes=8, shape=[1, 2]), 'block': [2, 1]},
        'request',
        'blocks of 2 × 1 need scales',
    ),
    ({'kind': 'packMxfp4', 'of': expr(), 'scales': expr()}, 'request', 'mxfp4 is made of uint8'),
    ({'kind': 'transpose', 'of': expr(shape=[6])}, 'request', 'only a matrix'),
]


@pytest.mark.parametrize('wrong, kind, message', WRONG, ids=lambda value: value if isinstance(value, str) else '')
def test_what_is_wrong_is_named(wrong: dict[str, Any], kind: str, message: str, tmp_path: Path) -> None:
    (tmp_path / 'file').write_bytes(bytes(24))
    checkpoint = Checkpoint({'file': str(tmp_path / 'file'), 'gone': str(tmp_path / 'gone')})
    with pytest.raises(Failure, match=message) as caught:
        evaluate(checkpoint, wrong)
    assert caught.value.kind == kind


def test_columns_within_a_block_are_refused(tmp_path: Path) -> None:
    (tmp_path / 'file').write_bytes(bytes(136))
    blocks = expr(bytes=136, dtype='q8_0', shape=[2, 64])
    with pytest.raises(Failure, match='not whole blocks of 32'):
        evaluate(
            Checkpoint({'file': str(tmp_path / 'file')}), {'kind': 'columns', 'of': blocks, 'start': 16, 'count': 32}
        )
