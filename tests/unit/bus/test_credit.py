import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinface.bus.credit import Answer, Credit, Verdict, pack_credit, unpack_credit
from twinface.errors import WireError

_NUMBER = st.integers(0, 2**63 - 1)


_ANSWER = st.builds(Answer, _NUMBER, _NUMBER, st.sampled_from(Verdict))


@given(_NUMBER, _NUMBER, _NUMBER, st.none() | _ANSWER)
def test_round_trip(number: int, window: int, held: int, answer: Answer | None) -> None:
    credit = Credit(number, window, held, answer)
    assert unpack_credit(pack_credit(credit)) == credit


@pytest.mark.parametrize(
    "value",
    [
        None,
        5,
        "abcd",
        [],
        [1, 2, 3],
        [1, 2, 3, 4],
        [1, 2, 3, 4, 5, 0, 7],
        [-1, 2, 0, None, None, None],
        [1, -2, 0, None, None, None],
        [1, 2, -1, None, None, None],
        [1, 2, 0, -3, 4, 0],
        [1, 2, 0, 3, None, None],
        [1, 2, 0, 3, 4, None],
        [1, 2, 0, 3, 4, 4],
        [1, 2, 0, None, None, 0],
        [True, 2, 0, None, None, None],
        [1.0, 2, 0, None, None, None],
        ["1", 2, 0, None, None, None],
        [[1], 2, 0, None, None, None],
        {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6},
        {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6},
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
