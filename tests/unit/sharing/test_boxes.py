"""What boxes say of themselves in one database, and what is said of those that are wrong."""

import signal
import time
from pathlib import Path

import pytest
from harness import until
from postgres_server import PostgresServer
from shared_boxes import shared_box

from twinface.errors import ArtefactError
from twinface.postgres.connecting import connect
from twinface.postgres.tables import Connection
from twinface.settings import Settings, WebSettings
from twinface.sharing import own_box
from twinface.sharing.all_boxes import boxes_of, read_boxes, remove_box
from twinface.sharing.identity import Identity, own_identity
from twinface.sharing.own_box import OwnBox, Standing, page_of

GATE, DOOR = Identity("a" * 32, "gate"), Identity("b" * 32, "door")


@pytest.fixture(autouse=True)
def at_every_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Boxes say how they are at every turn."""
    monkeypatch.setattr(own_box, "SAY_EVERY_S", 0.0)


def test_everybody_is_listed_with_what_they_said_last(connection: Connection) -> None:
    gate, door = OwnBox(GATE, "1.2", "https://gate:8080/"), OwnBox(DOOR, "1.3", "")
    gate.standing = Standing("camera.front: waiting", False, gallery_version=6, events_waiting=3)
    door.standing = Standing("all is well", True, gallery_version=8)
    for box in (gate, door, gate):
        assert box.turn(connection) is False
    first, second = boxes_of(connection)
    assert (first.name, first.version, first.health, first.ok, first.gallery_behind) == (
        "door",
        "1.3",
        "all is well",
        True,
        0,
    )
    assert (second.name, second.page, second.health, second.ok) == (
        "gate",
        "https://gate:8080/",
        "camera.front: waiting",
        False,
    )
    assert (second.gallery_behind, second.events_waiting) == (2, 3)
    assert first.is_here
    assert second.is_here
    assert abs(second.clock_ahead_s) < 10.0
    assert (first.warnings, second.warnings) == ((), ())


def test_two_boxes_of_one_name_say_so_and_neither_overwrites_the_other(connection: Connection) -> None:
    first, second = OwnBox(GATE, "1", "https://one/"), OwnBox(Identity("c" * 32, "gate"), "1", "")
    first.turn(connection)
    second.turn(connection)
    assert "another box at https://one/ is called gate, too (its id: aaaaaaaa)" in second.warning
    first.turn(connection)
    assert "another box is called gate, too (its id: cccccccc)" in first.warning
    assert "set `box` to another name" in first.warning
    second.turn(connection)
    assert [box.id[0] for box in boxes_of(connection)] == ["a", "c"]
    assert all("another box" in box.warnings[0] or "2 boxes" in box.warnings[0] for box in boxes_of(connection))


def test_a_box_that_was_copied_with_its_id_is_noticed_by_both_and_one_that_starts_again_is_not(
    connection: Connection,
) -> None:
    first = OwnBox(GATE, "1", "")
    first.turn(connection)
    again = OwnBox(GATE, "1", "")
    again.turn(connection)
    again.turn(connection)
    assert again.warning == "", "it has started again"
    first.turn(connection)
    again.turn(connection)
    assert "delete box.id beside its gallery there" in first.warning
    assert "delete box.id beside its gallery there" in again.warning


def test_who_is_silent_is_shown_as_such_since_when_by_the_clock_of_the_database(connection: Connection) -> None:
    OwnBox(GATE, "1", "").turn(connection)
    connection.execute("UPDATE boxes SET seen_at = seen_at - interval '1 hour'")
    [gate] = boxes_of(connection)
    assert not gate.is_here
    assert 3599.0 < gate.silent_s < 3700.0
    assert remove_box(connection, "aaaaaa") == 1
    assert boxes_of(connection) == []


def test_who_is_here_is_not_removed(connection: Connection) -> None:
    OwnBox(GATE, "1", "").turn(connection)
    assert remove_box(connection, "a") == 0


@pytest.mark.parametrize(("shift_s", "words"), [(3600.0, "3600 s ahead of"), (-3600.0, "3600 s behind")])
def test_a_clock_an_hour_away_is_a_warning_and_makes_nobody_older(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, shift_s: float, words: str
) -> None:
    now = time.time
    monkeypatch.setattr(own_box.time, "time", lambda: now() + shift_s)
    box = OwnBox(GATE, "1", "")
    box.turn(connection)
    assert f"its clock is {words}" in box.warning
    [gate] = boxes_of(connection)
    assert gate.is_here
    assert words in gate.warnings[0]


@pytest.mark.parametrize(
    ("host", "port", "page"),
    [
        ("127.0.0.1", 8080, ""),
        ("localhost", 8080, ""),
        ("::1", 8080, ""),
        ("192.0.2.7", 0, ""),
        ("192.0.2.7", 8080, "http://192.0.2.7:8080/"),
        ("2001:db8::7", 8080, "http://[2001:db8::7]:8080/"),
        ("gate.example.org", 80, "http://gate.example.org:80/"),
    ],
)
def test_others_are_shown_the_page_that_they_can_reach(host: str, port: int, page: str) -> None:
    assert page_of(Settings(web=WebSettings(host=host, port=port))) == page


def test_a_box_keeps_its_id_and_says_where_it_is_damaged(tmp_path: Path) -> None:
    settings = Settings(box="gate", gallery=tmp_path / "gallery")
    first = own_identity(settings)
    assert own_identity(settings) == first
    assert (tmp_path / "box.id").stat().st_mode & 0o777 == 0o600
    (tmp_path / "box.id").write_text("nonsense")
    with pytest.raises(ArtefactError, match="delete it, and this box is a new one"):
        own_identity(settings)


def test_the_process_says_how_the_box_is_and_goes_on_after_the_database_was_away(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    url = postgres.url(postgres.create_database())
    with shared_box(tmp_path / "gate", "gate", f'url = "{url}"') as box:
        box.start("sync")
        box.says("sync", "running")
        [gate] = until(lambda: read_boxes(box.settings), 60.0, "the box in the list")
        assert (gate.name, gate.is_here) == ("gate", True)
        until(lambda: "matcher" in read_boxes(box.settings)[0].health, 60.0, "what is said of its matcher")
        with connect(postgres.url("postgres"), "administrator") as administrator:
            administrator.execute(f"ALTER DATABASE {url.rpartition('/')[2]} ALLOW_CONNECTIONS false".encode())
            administrator.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'twinface gate'"
            )
            assert "degraded" in box.says("sync", "is not currently accepting connections").state
            administrator.execute(f"ALTER DATABASE {url.rpartition('/')[2]} ALLOW_CONNECTIONS true".encode())
        assert box.says("sync", "running").gauges["database_failures"] >= 1
        assert box.end("sync", signal.SIGTERM) == 0
