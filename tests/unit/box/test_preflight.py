"""What is wrong is found before a process starts, all at once."""

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from twinface.box.configuration_checks import warn_of_passwords
from twinface.box.preflight import Preflight, check_before_start
from twinface.bus.peer_keys import KeyFolder
from twinface.faces.sources import captures
from twinface.settings_file import load_settings

Check = Callable[..., Preflight]

_PICTURES = '[[camera]]\nname = "pictures"\nsource = "pictures"\n'


@pytest.fixture
def check(tmp_path: Path, portraits: Path) -> Check:
    """Checks a configuration, given as text; `pictures` beside it is a folder with one."""
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures/a.jpg").write_bytes((portraits / "person_a_1.jpg").read_bytes())

    def check(text: str, *, exit_when_done: bool = False) -> Preflight:
        path = tmp_path / "pipeline.toml"
        path.write_text(f'gallery = "gallery"\n{text}')
        return check_before_start(load_settings(path), exit_when_done=exit_when_done)

    return check


def test_all_problems_are_told_in_one_go(check: Check, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = check(
            f'network = "nonsense"\n[web]\nport = {port}\n{_PICTURES}'
            '[[camera]]\nname = "a"\nsource = "gone.mp4"\n[[camera]]\nname = "b"\nsource = "pipeline.toml"\n'
        )
    gone, broken, busy, network = found.problems
    assert gone.startswith(f"camera 'a': source '{tmp_path / 'gone.mp4'}': no such file")
    assert broken.startswith(f"camera 'b': {tmp_path / 'pipeline.toml'}")
    assert f"cannot listen on 127.0.0.1 port {port} (Address already in use" in busy
    assert f"pid {os.getpid()}" in busy
    assert "no network 'nonsense'" in network
    assert all("\n" not in problem for problem in found.problems)


def test_an_address_that_is_not_this_machine_s_is_told(check: Check) -> None:
    found = check(f'[web]\nhost = "203.0.113.1"\n{_PICTURES}')
    assert [problem.partition(" (")[0] for problem in found.problems] == ["cannot listen on 203.0.113.1 port 8080"]


def test_a_port_that_is_free_is_left_free(check: Check) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for _ in range(2):
        assert check(f"[web]\nport = {port}\n{_PICTURES}").problems == []


def test_head_and_gallery_are_both_looked_at(check: Check, tmp_path: Path) -> None:
    (tmp_path / "gallery").mkdir()
    (tmp_path / "gallery/gallery.json").write_text("{}")
    gallery, head = check(f'head = "head"\n[web]\nport = 0\n{_PICTURES}').problems
    assert str(tmp_path / "gallery") in gallery
    assert str(tmp_path / "head") in head


def test_nobody_in_the_gallery_is_a_warning(check: Check) -> None:
    found = check(f"[web]\nport = 0\n{_PICTURES}")
    assert found.problems == []
    assert [line for line in found.warnings if "until then everybody is unknown" in line]


def test_a_webcam_that_is_not_there_is_a_warning(check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captures, "_DEVICES", tmp_path)
    (tmp_path / "video2").touch()
    webcam = '[web]\nport = 0\n[[camera]]\nname = "door"\nsource = "0"\n'
    (line,) = [line for line in check(webcam).warnings if "no such device" in line]
    there = f"no such device: {tmp_path}/video0 (there is {tmp_path}/video2)"
    assert line == f"camera 'door': {there}; it is waited for"
    for other in ("2", "/dev/null"):
        assert not [one for one in check(webcam.replace('"0"', f'"{other}"')).warnings if "no such device" in one]


def test_snapshots_so_rare_that_no_track_goes_on_are_a_warning(check: Check) -> None:
    camera = '[web]\nport = 0\n[[camera]]\nname = "door"\nsource = "http://127.0.0.1:9/snap.jpg"\n'
    assert not [line for line in check(camera).warnings if "snapshot_fps" in line]
    assert [line for line in check(camera + "snapshot_fps = 0.4\n").warnings if "raise `lost_ms`" in line]


def test_a_live_camera_never_ends(check: Check) -> None:
    live = '[web]\nport = 0\n[[camera]]\nname = "door"\nsource = "rtsp://cam/1"\nlossless = true\n'
    assert [line for line in check(live).warnings if "`lossless` has no meaning" in line]
    (problem,) = check(live, exit_when_done=True).problems
    assert "'door' never ends" in problem


def test_no_camera_is_told(check: Check) -> None:
    (problem,) = check("[web]\nport = 0\n").problems
    assert "no [[camera]]" in problem


@pytest.mark.parametrize(
    "case",
    [
        ("rtsp://ada:s3cret@cam/1", 0o644, True, True),
        ("http://cam/shot?user=ada&pwd=s3cret", 0o640, True, True),
        ("rtsp://ada:s3cret@cam/1", 0o600, True, False),
        ("rtsp://ada:s3cret@cam/1", 0o640, False, False),
        ("rtsp://ada:s3cret@cam/1", 0o644, False, True),
        ("rtsp://cam/1", 0o644, True, False),
    ],
)
def test_passwords_that_others_can_read_are_warned_of_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: tuple[str, int, bool, bool]
) -> None:
    source, mode, ours, warned = case
    path = tmp_path / "pipeline.toml"
    path.write_text(f'[[camera]]\nname = "door"\nsource = "{source}"\n')
    path.chmod(mode)
    if not ours:
        if os.geteuid() == 0:
            os.chown(path, 12345, 12345)
        else:
            monkeypatch.setattr(os, "geteuid", lambda: 12345)
    warnings = list(warn_of_passwords(path, load_settings(path)))
    assert warnings == ([f"{path}: others can read the password of camera 'door'; run `chmod 600 {path}`"] * warned)


def test_a_webhook_that_cannot_be_used_is_told_and_its_secret_is_not(check: Check, tmp_path: Path) -> None:
    hook = '[[webhook]]\nname = "house"\nurl = "https://example.org/"\n'
    assert check(f'{_PICTURES}{hook}secret = "geheim"').problems == [
        "webhook 'house': secret: expected base64 of 24 to 64 bytes; `openssl rand -base64 32` makes one"
    ]
    found = check(f'{_PICTURES}{hook}secret = "${{NOT_SET}}"')
    assert [problem.partition(" is not set")[0] for problem in found.problems] == ["webhook 'house': ${NOT_SET}"]
    path = tmp_path / "pipeline.toml"
    path.chmod(0o644)
    assert list(warn_of_passwords(path, load_settings(path))) == []
    path.write_text(f'{hook}secret = "{"A" * 44}"')
    (warning,) = warn_of_passwords(path, load_settings(path))
    assert warning == f"{path}: others can read the password of webhook 'house'; run `chmod 600 {path}`"


def test_a_password_of_a_broker_that_is_not_there_or_goes_in_clear_is_told(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = _PICTURES + '[mqtt]\nhost = "{}"\nuser = "box"\npassword = "${{BROKER_PASSWORD}}"\n{}'
    (problem,) = check(broker.format("broker.lan", "")).problems
    assert problem.startswith("${BROKER_PASSWORD} is not set in the environment")
    monkeypatch.setenv("BROKER_PASSWORD", "geheim")
    said = "mqtt: the password goes to broker.lan in clear; set `tls = true` where the broker can"
    assert said in check(broker.format("broker.lan", "")).warnings
    for host, tls in (("127.0.0.1", ""), ("broker.lan", "tls = true\n")):
        assert not any("mqtt" in warning for warning in check(broker.format(host, tls)).warnings)


def test_a_missing_extra_is_told_before_the_start(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    found = check(f'{_PICTURES}[[notify]]\nname = "phone"\nurl = "json://127.0.0.1:9/"\n')
    assert found.problems == [
        "notify 'phone' needs apprise, which is not installed; pip install 'twinface[notify]'",
    ]


def test_a_peer_needs_keys_at_both_ends_and_a_gate_to_come_back_by(check: Check, tmp_path: Path) -> None:
    peer = '[[peer]]\nname = "cellar"\naddress = "tcp://192.0.2.7:7700"\nextractors = 1\n'
    listening = '[relay]\nlisten = "tcp://127.0.0.1:7700"\n'
    assert check(f"{_PICTURES}{peer}").problems == [
        "a [[peer]] reads here what comes of what this box reads there; set [relay] listen"
    ]
    (problem,) = check(f"{_PICTURES}{listening}{peer}").problems
    assert "make it with `twinface keys new`" in problem
    keys = KeyFolder(tmp_path / "keys")
    keys.make()
    (problem,) = check(f"{_PICTURES}{listening}{peer}").problems
    assert "`twinface keys allow cellar KEY`" in problem
    keys.allow("cellar", "5" * 64)
    assert check(f"{_PICTURES}{listening}{peer}").problems == []


def test_a_box_that_only_lends_extractors_needs_neither_camera_nor_gallery(check: Check, tmp_path: Path) -> None:
    KeyFolder(tmp_path / "keys").make()
    found = check('[relay]\nlisten = "tcp://127.0.0.1:7700"\nmatcher = false\n')
    assert (found.problems, found.warnings) == ([], [])
