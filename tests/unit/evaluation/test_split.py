from pathlib import Path

from twinface.evaluation.protocols.split import person_digest, validation_people


def test_every_fifth_in_byte_order() -> None:
    names = ["é", "b", "a", "Z", "z", "_", "A", "c", "d", "e"]  # in bytes: A Z _ a b c d e z é
    assert validation_people(names) == ["b", "é"]


def test_order_and_repeats_do_not_matter() -> None:
    names = [f"person_{number}" for number in range(23)]
    assert validation_people([*reversed(names), *names]) == validation_people(names)
    assert validation_people(["a", "b", "c", "d"]) == []


def test_validation_people_of_the_shared_pictures(shared_data: Path) -> None:
    validation = validation_people(path.name for path in (shared_data / "people").iterdir())
    assert len(validation) == 58
    assert validation[0] == "adam_levine"


def test_digest_is_the_start_of_the_sha256() -> None:
    assert person_digest("ada") == "fdee430d40bd57de"  # printf ada | sha256sum
