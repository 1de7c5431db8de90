"""`twinface doctor`: each thing that may be wrong is found, with what mends it."""

import json
import shutil
import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from harness import until
from mqtt_house import Listener, Mosquitto, free_port, needs_mosquitto
from sent_events import make_event

from twinface.bus.rundir import RUN_VARIABLE
from twinface.doctor.machine import cpu_features
from twinface.events import EventStore, Outbox
from twinface.events.deliveries import Delivery, DeliveryState, note_delivery
from twinface.gallery.keys import KEY_VARIABLE

Run = Callable[..., tuple[int, str, str]]
Examine = Callable[[str], tuple[int, dict[str, list[tuple[str, str]]]]]


@pytest.fixture
def examine(tmp_path: Path, portraits: Path, twinface: Run, monkeypatch: pytest.MonkeyPatch) -> Examine:
    """Exit code and findings, by check, for a configuration; `pictures` beside it is a camera that works."""
    monkeypatch.setenv(RUN_VARIABLE, str(tmp_path / "run"))
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    (tmp_path / "pictures").mkdir()
    shutil.copy(portraits / "person_a_1.jpg", tmp_path / "pictures")

    def examine(text: str) -> tuple[int, dict[str, list[tuple[str, str]]]]:
        path = tmp_path / "pipeline.toml"
        path.write_text(f'gallery = "gallery"\n{text}')
        path.chmod(0o600)
        code, output, _ = twinface("--config", path, "doctor", "--json")
        printed = json.loads(output)
        assert printed["ok"] == (code == 0)
        found: dict[str, list[tuple[str, str]]] = {}
        for one in printed["findings"]:
            found.setdefault(one["check"], []).append((one["result"], one["says"]))
        return code, found

    return examine


def test_a_box_that_would_work_is_well(examine: Examine) -> None:
    code, found = examine('[web]\nport = 0\n[[camera]]\nname = "door"\nsource = "pictures"\n')
    assert code == 0
    (camera,) = found["camera door"]
    assert camera[0] == "ok"
    assert camera[1].startswith("pictures, ")
    (models,) = found["models"]
    assert models[1].startswith("sface: its checksum is right, and a face takes ")
    (gallery,) = found["gallery"]
    assert (gallery[0], "until then everybody is unknown" in gallery[1]) == ("warn", True)
    assert {mark for one in found.values() for mark, _ in one} <= {"ok", "warn"}
    assert set(found) >= {"python", "processor", "clock", "disk", "permissions", "head", "database", "page"}


def test_what_is_broken_is_found_with_its_mend(examine: Examine, tmp_path: Path) -> None:
    (tmp_path / "events.sqlite").write_bytes(b"this is no database" * 100)
    (tmp_path / "key").write_bytes(bytes(32))
    (tmp_path / "key").chmod(0o644)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, found = examine(
            f"[events]\nmax_mb = 1e6\n[web]\nport = {port}\n"
            '[[camera]]\nname = "closed"\nsource = "rtsp://a:geheim@127.0.0.1:1/"\n'
            '[[camera]]\nname = "gone"\nsource = "gone.mp4"\n'
            '[[camera]]\nname = "well"\nsource = "pictures"\n'
        )
    assert code == 1
    assert found["camera closed"] == [("fail", "connection refused by 127.0.0.1 port 1")]
    assert found["camera gone"][0][0] == "fail"
    assert found["camera well"][0][0] == "ok"
    assert [(mark, "move it away" in says) for mark, says in found["database"]] == [("fail", True)]
    assert [(mark, "set another host or port" in says) for mark, says in found["page"]] == [("fail", True)]
    assert [says for _, says in found["disk"] if says.endswith("lower [events] max_mb")]
    assert (f"{tmp_path / 'key'}: others can read it; run `chmod -R go= {tmp_path / 'key'}`") in [
        says for _, says in found["permissions"]
    ]


def test_one_that_asks_for_nothing_is_told_so(examine: Examine) -> None:
    code, found = examine("[web]\nport = 0\n")
    assert (code, found["camera"][0][0]) == (1, "fail")


@needs_mosquitto
def test_a_broker_is_logged_in_to_and_finds_nothing_new(examine: Examine, tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker, closing(Listener(broker.port)) as listener:
        _, found = examine(f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n')
        assert found["broker"] == [("ok", f"127.0.0.1:{broker.port}: takes this box on")]
        listener.publish("last", "")
        until(lambda: listener.of("last"), 60.0, "what is published after it")
    assert [one.topic for one in listener.heard] == ["last"], "nothing else was published"


def test_a_broker_that_is_not_there_is_a_failure(examine: Examine) -> None:
    port = free_port()
    code, found = examine(f'[mqtt]\nhost = "127.0.0.1"\nport = {port}\n')
    ((mark, says),) = found["broker"]
    assert (code, mark) == (1, "fail")
    assert says.startswith(f"127.0.0.1:{port}: nothing listens there; check [mqtt] host and port")


@needs_mosquitto
def test_a_broker_that_refuses_the_login_is_a_failure(examine: Examine, tmp_path: Path) -> None:
    with Mosquitto(tmp_path, anonymous=False) as broker:
        _, found = examine(f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n')
    ((mark, says),) = found["broker"]
    assert (mark, "it refuses this box" in says) == ("fail", True)


@pytest.mark.parametrize(
    ("info", "features"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx2 avx_vnni\n", {"fpu", "avx2", "avx_vnni"}),
        ("processor\t: 0\nFeatures\t: fp asimd asimddp\n", {"fp", "asimd", "asimddp"}),
        ("processor\t: 0\n", set()),
    ],
)
def test_features_of_a_processor_are_read_on_pc_and_arm(info: str, features: set[str]) -> None:
    assert cpu_features(info) == features


def test_webhooks_are_looked_at_and_nothing_is_sent(examine: Examine, tmp_path: Path) -> None:
    path = tmp_path / "events.sqlite"
    Outbox(path, "webhook:house").close()
    with EventStore(path) as store:
        store.append([make_event()])
    hook = '[[webhook]]\nname = "{}"\nurl = "https://example.org/geheim"\n{}'
    text = '[web]\nport = 0\n[[camera]]\nname = "door"\nsource = "pictures"\n' + hook.format("house", "")
    _, found = examine(text)
    (says,) = found["webhook:house"]
    assert (says[0], says[1].split(";")[0]) == ("ok", "can be used, 1 waiting")
    note_delivery(path, Delivery("webhook:house", make_event(sequence=1), DeliveryState.DEAD, 11, 0))
    code, found = examine(text + hook.format("yard", 'cameras = ["yrd"]'))
    assert (code, found["webhooks"]) == (0, [("warn", "webhook 'yard': there is no camera yrd")])
    (says,) = found["webhook:house"]
    assert (says[0], says[1].split(";")[0]) == ("warn", "1 event given up")
    code, found = examine(text + 'secret = "geheim"\n')
    assert (code, found["webhooks"][0][0]) == (1, "fail")
    _, found = examine(text + '[[notify]]\nname = "phone"\nurl = "json://example.org/"\n')
    for target, trial in (("webhook:house", "given up"), ("notify:phone", "`twinface notify test` does")):
        assert trial in found[target][0][1]
    assert "geheim" not in str(found)
