"""Secrets of a camera's address that stand in the environment or in a file."""

import os
from pathlib import Path

import pytest
from fake_cameras import LOGIN, PASSWORD

from twinface.errors import InputError
from twinface.placeholders import fill_in_url, open_to_others
from twinface.settings_file import load_settings


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file beside a configuration, and a variable, that hold the same password."""
    monkeypatch.setenv("DOOR_PASSWORD", PASSWORD)
    path = tmp_path / "door.txt"
    path.write_text(f"{PASSWORD}\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("place", ["${DOOR_PASSWORD}", "${file:door.txt}"])
def test_a_password_is_encoded_before_the_at_and_as_it_is_elsewhere(door: Path, place: str) -> None:
    config = door.with_name("pipeline.toml")
    config.write_text(f'[[camera]]\nname = "door"\nsource = "rtsp://admin:{place}@cam/a?key={place}"')
    (camera,) = load_settings(config).camera
    assert fill_in_url(camera.source) == f"rtsp://{LOGIN}@cam/a?key={PASSWORD}"


def test_a_whole_url_may_stand_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOOR", "rtsp://a:b@cam/live")
    assert fill_in_url("${DOOR}") == "rtsp://a:b@cam/live"


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        ("${NOBODY_SET_THIS}", "${NOBODY_SET_THIS} is not set in the environment; export it"),
        ("${file:/nowhere/door.txt}", "/nowhere/door.txt: no such file; write"),
        ("${file:/}", "/: no such file; write"),
    ],
)
def test_what_is_not_there_is_named_with_its_mend(place: str, problem: str) -> None:
    with pytest.raises(InputError) as refused:
        fill_in_url(f"rtsp://admin:{place}@cam")
    assert str(refused.value).startswith(problem)


def test_a_secret_in_the_place_of_a_url_is_not_shown(door: Path) -> None:
    assert os.environ["DOOR_PASSWORD"]
    with pytest.raises(InputError, match="is no URL") as refused:
        fill_in_url(f"${{file:{door}}}")
    assert PASSWORD not in str(refused.value)


def test_a_file_that_others_can_read_is_known(door: Path) -> None:
    source = f"rtsp://admin:${{file:{door}}}@cam"
    assert list(open_to_others(source)) == []
    door.chmod(0o640)
    assert list(open_to_others(source)) == [door]
