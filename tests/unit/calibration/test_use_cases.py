"""A gallery verified, and calibrated, by a program."""

import json
from pathlib import Path

import pytest
from retrained_box import enrol, make_people, write_metric

from twinface.calibration.calibrate import Calibrated, TooFewPeopleError, Wanted, calibrate
from twinface.calibration.gallery_checks import verify
from twinface.corrections.audit_file import read_notes
from twinface.errors import ArtefactError, InputError
from twinface.gallery import person_path
from twinface.gallery.keys import KEY_VARIABLE
from twinface.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """20 people, and a head that knows no strangers."""
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    write_metric(tmp_path / "head", 10.0)
    enrolled = enrol(tmp_path / "gallery", make_people(20, noise=0.4))
    return enrolled.model_copy(update={"head": tmp_path / "head", "network": "sface"})


def test_a_threshold_by_people_is_stored_in_the_head(settings: Settings) -> None:
    done = calibrate(settings, Wanted(far=0.01))
    assert isinstance(done, Calibrated)
    assert (done.stored, done.is_in_use, done.rate) == (settings.head, True, 0.01)
    assert settings.head is not None
    notes = [(one.what, one.said) for one in read_notes(settings.gallery)]
    assert notes == [("calibrate", "thresholds for one false accept in 100 are in the head")]
    stored = json.loads((settings.head / "head.json").read_text())["decision"]["thresholds"]
    assert stored["0.01"] == done.report.chosen.threshold


def test_too_few_people_are_an_error_that_has_what_they_can_show_and_stores_nothing(settings: Settings) -> None:
    assert settings.head is not None
    before = (settings.head / "head.json").read_bytes()
    with pytest.raises(TooFewPeopleError, match="20 people: too few") as caught:
        calibrate(settings, Wanted(far=1e-6))
    shortfall = caught.value.shortfall
    assert (shortfall.evidence.people, shortfall.evidence.pictures, shortfall.rate) == (20, 100, 1e-6)
    assert shortfall.people_needed is not None
    assert caught.value.meaning
    assert (settings.head / "head.json").read_bytes() == before
    with pytest.raises(InputError, match="expected a rate between 0 and 1"):
        calibrate(settings, Wanted(far=2.0))


def test_verifying_finds_damage_and_says_when_nobody_can_be_compared(settings: Settings) -> None:
    found = verify(settings)
    assert (found.vectors, found.problems, found.not_compared) == (100, (), "")
    assert found.findings is not None
    path = person_path(settings.gallery / "people", "person 00")
    path.write_bytes(path.read_bytes()[:100])
    damaged = verify(settings, files_only=True)
    assert (damaged.vectors, len(damaged.problems), damaged.findings) == (95, 1, None)
    other = verify(settings.model_copy(update={"network": "face"}))
    assert other.findings is None
    assert "configured is face" in other.not_compared
    with pytest.raises(ArtefactError, match="twinface gallery add"):
        verify(settings.model_copy(update={"gallery": settings.gallery / "none"}))
