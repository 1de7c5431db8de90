"""Names of people: what may be one, which are the same, and that those that were given before stay within reach."""

import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinface.errors import InputError
from twinface.gallery import Gallery, PersonVectors, box_key, person_path, write_person
from twinface.gallery.names import checked_name
from twinface.text import printable

ZWJ, ZWNJ = "\u200d", "\u200c"
PERSIAN = "\u0639\u0644\u06cc" + ZWNJ + "\u0631\u0636\u0627"
SINHALA = "\u0dc1\u0dca" + ZWJ + "\u0dbb\u0dd3"
DEVANAGARI = "\u0915\u094d" + ZWNJ + "\u0937"
MARKED = "\u0644\u064e" + ZWNJ + "\u064e\u0645"


CONTROLS = ("a\nb", "a\x00b", "\x1b[31mred", "a\x9bb", "\udc80", "\ud800", "a\u2028b", "a\u2029b")
BLANKS = ("", "  ", "\u200b", "\u2060", "\u00ad", "\u3164", "\uffa0", "\u2800", "\u115f", "\u034f", "\u0301", "\ufe0f")
TURNS = ("\u202eada", "ada\u202c", "a\u2066b\u2069", "\u200fada", "a\u200eda", "\u061cada", "ada\ufeff", "a\u2064b")
OTHERS = ("a\U000e0041b", "\ue000", "\U0010ffff", "a\u3164b", "a\u2800b", "x" * 201)
JOINED = (f"ad{ZWJ}a", f"ad{ZWNJ}a", f"{ZWJ}ada", f"ada{ZWNJ}", f"{PERSIAN}{ZWNJ}", f"{PERSIAN[0]}{ZWJ}", f"a {ZWJ} b")
EUROPEAN = ("Zo\u00eb \u0141\u00f3d\u017a", "O'Brien-Smith, Jr.", "42", "x" * 200)
ASIAN = (PERSIAN, SINHALA, DEVANAGARI, MARKED, "\u05d3\u05d5\u05d3", "\u0645\u062d\u0645\u062f", "\u674e\u660e")


@pytest.mark.parametrize("name", [*CONTROLS, *BLANKS, *TURNS, *OTHERS, *JOINED])
def test_what_is_not_shown_as_itself_is_no_name(name: str) -> None:
    with pytest.raises(InputError, match="choose another") as caught:
        checked_name(name)
    assert str(caught.value).isascii()
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("name", [*EUROPEAN, *ASIAN, "\U0001f642", "\u8fbb\U000e0100"])
def test_names_of_every_script_stay_as_they_are_and_are_shown_so(name: str) -> None:
    assert checked_name(name) == name
    assert printable(name) == name


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ("Zoe\u0308 ", "Zo\u00eb"),
        ("\uff21\uff44\uff41", "Ada"),
        ("Ada\u00a0Lovelace", "Ada Lovelace"),
        ("Ada  \u2003Lovelace", "Ada Lovelace"),
        ("Heinrich \u2163", "Heinrich IV"),
        ("\ufb01ona", "fiona"),
        ("\u1112\u1161\u11ab", "\ud55c"),
        ("Jos\udcc3\udca9", "Jos\u00e9"),
        (unicodedata.normalize("NFD", "\u01d5mit"), "\u01d5mit"),
    ],
)
def test_names_that_look_the_same_are_one(one: str, another: str) -> None:
    assert checked_name(one) == checked_name(another) == another


def test_names_that_do_not_look_the_same_are_two() -> None:
    names = ["ada", "Ada", "Ad\u00e1", PERSIAN, PERSIAN.replace(ZWNJ, ""), "\u674e\u660e", "\u674e\u9298"]
    assert len({checked_name(name) for name in names}) == len(names)


@given(st.text(st.characters(codec=None), max_size=30))
def test_a_name_is_shown_as_it_is_and_checking_it_again_changes_nothing(name: str) -> None:
    try:
        checked = checked_name(name)
    except InputError:
        return
    assert printable(checked) == checked
    assert checked_name(checked) == checked


def test_a_name_that_may_not_be_given_any_more_can_be_read_renamed_and_forgotten(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    for number, name in enumerate(("ad\u202ea", "\uff21\uff44\uff41", "\u3164")):
        gallery = Gallery.open(tmp_path / "gallery", network="a" * 64, network_name="testnet", create=True)
        vectors = np.eye(8, dtype=np.float32)[number : number + 1]
        person = PersonVectors(name, ("1.jpg",), vectors, np.ones(1, np.float32), gallery.network)
        (people,) = (tmp_path / "gallery").glob("people*")
        write_person(person_path(people, name), person, box_key())
        assert printable(name) in run("list").out
        assert run("verify", "--files").code == 0
        if number == 0:
            assert run("backup", tmp_path / "b").code == 0
            assert run("restore", tmp_path / "b", "--replace", "--yes").code == 0
            renamed = run("rename", name, "Ada")
            assert (renamed.code, renamed.out.count("\n")) == (0, 1)
            assert "\u202e" not in renamed.out
            assert run("remove", "Ada").code == 0
        elif number == 1:
            assert run("forget", name, "--yes").code == 0
        else:
            assert run("remove", name).code == 0
        assert run("list").out == ""
