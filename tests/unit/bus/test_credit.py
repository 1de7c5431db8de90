import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinface.bus.credit import Credit, pack_credit, unpack_credit
from twinface.errors import WireError

_NUMBER = st.integers(0, 2**63 - 1)


@given(_NUMBER, _NUMBER, st.none() | st.tuples(_NUMBER, _NUMBER))
def test_round_trip(number: int, window: int, settles: tuple[int, int] | None) -> None:
    credit = Credit(number, window, settles)
    assert unpack_credit(pack_credit(credit)) == credit


@pytest.mark.parametrize(
    "value",
    [
        None,
        5,
        "abcd",
        [],
        [1, 2, 3],
        [1, 2, 3, 4, 5],
        [-1, 2, None, None],
        [1, -2, None, None],
        [1, 2, -3, 4],
        [1, 2, 3, None],
        [True, 2, None, None],
        [1.0, 2, None, None],
        ["1", 2, None, None],
        [[1], 2, None, None],
        {"a": 1, "b": 2, "c": 3, "d": 4},
        {1: 1, 2: 2, 3: 3, 4: 4},
    ],
    ids=repr,
)
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(WireError):
        unpack_credit(msgpack.packb(value))


@given(st.binary(max_size=64))
def test_arbitrary_bytes_are_a_credit_or_refused(data: bytes) -> None:
    try:
        credit = unpack_credit(data)
    except WireError:
        return
    assert unpack_credit(pack_credit(credit)) == credit


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(WireError):
        unpack_credit(b"\x91" * 4000)
