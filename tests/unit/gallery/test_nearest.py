"""Names that somebody may have meant."""

import pytest

from twinface.gallery.names import did_you_mean, nearest_names

KNOWN = ("Zoë Ångström", "Zoe Angstrom", "zoe", "Bob", "李明", "Rob", "Bo")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("zoe angstrom", ["Zoe Angstrom", "Zoë Ångström"]),
        ("ZOË", ["zoe"]),
        ("bob", ["Bob"]),
        ("李明 ", ["李明"]),
        ("Xaver", []),
    ],
)
def test_case_and_accents_and_spaces_do_not_count(name: str, nearest: list[str]) -> None:
    assert nearest_names(name, KNOWN)[: len(nearest)] == nearest
    assert bool(nearest) == bool(nearest_names(name, KNOWN))


def test_the_mend_offers_them_or_the_list() -> None:
    assert did_you_mean("ZOE ANGSTROM", KNOWN) == "did you mean 'Zoe Angstrom' or 'Zoë Ångström'?"
    assert did_you_mean("Xaver", KNOWN) == "see `twinface gallery list`"
    assert len(nearest_names("person 1", [f"person {number}" for number in range(100)])) == 3
