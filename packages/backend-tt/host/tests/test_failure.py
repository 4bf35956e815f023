"""What is kept of messages, as ttnn 0.81.1 wrote them."""

from failure import Failure, describe_error, useful_lines

FATAL = """TT_FATAL @ /project/ttnn/cpp/ttnn/operations/matmul/device/matmul_device_operation.cpp:79: a_shape[-1] == b_shape[-2]
info:
The width of the first tensor must be equal to the height of the second tensor. Mismatch: width=64 height=96
backtrace:
 --- ttnn/build/lib/_ttnncpp.so(+0xb5ab29) [0x7f49bc55ab29]
 --- ttnn::prim::MatmulDeviceOperation::validate_on_program_cache_miss(ttnn::prim::MatmulParams const&)
"""
UNINFORMED = FATAL.replace(FATAL[FATAL.index('info:') : FATAL.index('backtrace:')], '')
ARGUMENTS = """
ttnn.slice(): incompatible function arguments.

Called with:
  slice(ttnn.Tensor, starts=3)

Available signatures:
  slice(input_tensor: ttnn.Tensor, starts: ttnn.Tensor, ends: ttnn.Tensor)
"""


def test_what_is_useful_of_a_message() -> None:
    mismatch = (
        'The width of the first tensor must be equal to the height of the second tensor. Mismatch: width=64 height=96'
    )
    assert useful_lines(FATAL) == mismatch
    assert useful_lines(UNINFORMED).endswith('matmul_device_operation.cpp:79: a_shape[-1] == b_shape[-2]')
    called = 'ttnn.slice(): incompatible function arguments.\n\nCalled with:\n  slice(ttnn.Tensor, starts=3)'
    assert useful_lines(ARGUMENTS) == called
    assert useful_lines('division by zero') == 'division by zero'


class Operation:
    """Looks like an operation of ttnn."""

    python_fully_qualified_name = 'ttnn.linear'

    def __call__(self) -> None:
        raise RuntimeError(FATAL)


def described(function: object) -> dict[str, str]:
    try:
        function()
    except Exception as error:
        return describe_error(error, None)
    raise AssertionError


def refuse(message: str) -> None:
    raise RuntimeError(message)


def test_the_kind_says_who_is_to_blame() -> None:
    assert described(Operation())['message'].startswith('ttnn.linear: The width of')
    assert [described(call)['kind'] for call in (Operation(), lambda: refuse(FATAL), lambda: refuse(ARGUMENTS))] == [
        'refused'
    ] * 3
    assert described(lambda: 1 / 0) == {'kind': 'fault', 'message': 'ZeroDivisionError: division by zero'}


def test_the_innermost_line_of_the_module_is_named() -> None:
    def fail() -> None:
        raise Failure('request', 'no')

    try:
        fail()
    except Failure as error:
        found = describe_error(error, __file__)
    assert found['kind'] == 'request'
    said, place = found['message'].split('\n')
    assert said == 'no'
    assert place.startswith(f'  at {__file__}:')
    assert place.endswith(": raise Failure('request', 'no')")
