import json
from collections.abc import Callable
from pathlib import Path

import pytest

from twinface.postgres.connecting import connect
from twinface.postgres.migrations import migrate
from twinface.sharing.identity import Identity
from twinface.sharing.own_box import OwnBox, Standing

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def config(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a box of a database where gate is, and cellar was; the address has a password, which stands elsewhere."""
    monkeypatch.setenv("TWINFACE_TEST_DATABASE", database.replace("postgres@", "postgres:geheim@"))
    config = tmp_path / "pipeline.toml"
    config.write_text(f'gallery = "{tmp_path}/gallery"\n[database]\nurl = "${{TWINFACE_TEST_DATABASE}}"\n')
    with connect(database, "test") as connection:
        migrate(connection)
        for letter, name in (("a", "gate"), ("b", "cellar"), ("c", "gate")):
            box = OwnBox(Identity(letter * 32, name), "1.2", "")
            box.standing = Standing(f"all is well at {name}", gallery_version=ord(letter))
            box.turn(connection)
        connection.execute("UPDATE boxes SET seen_at = '2026-01-02 03:04:05+00' WHERE name = 'cellar'")
    return config


def test_boxes_lists_everybody_and_since_when_one_is_silent(twinface: Command, config: Path) -> None:
    _, out, err = twinface("boxes", "--config", config)
    words = " ".join(out.split())
    assert "cellar bbbbbbbb 1.2 98 (1 behind) 0" in words
    assert "not heard of since 2026-01-02" in words
    assert "2 boxes are called gate" in err
    assert "geheim" not in out + err


def test_boxes_as_json_and_one_that_is_gone_is_removed(twinface: Command, config: Path) -> None:
    found = json.loads(twinface("boxes", "--json", "--config", config)[1])["boxes"]
    assert [(box["name"], box["is_here"], box["gallery_behind"]) for box in found] == [
        ("cellar", False, 1),
        ("gate", True, 2),
        ("gate", True, 0),
    ]
    code, _, err = twinface("boxes", "--remove", "aaaa", "--config", config)
    assert (code, "no box that is gone" in err) == (2, True)
    assert "cellar" not in twinface("boxes", "--remove", "bbbb", "--config", config)[1]


def test_a_box_alone_is_told_what_to_set_and_one_without_its_database_why(twinface: Command, tmp_path: Path) -> None:
    config = tmp_path / "pipeline.toml"
    config.write_text("")
    code, _, err = twinface("boxes", "--config", config)
    assert (code, "set [database] url" in err) == (2, True)
    config.write_text('[database]\nurl = "postgresql://ada@127.0.0.1:1/faces"\n')
    code, _, err = twinface("boxes", "--config", config)
    assert code == 1
    assert err.startswith("twinface: the database 127.0.0.1:1/faces cannot be reached: ")
    assert err.count("\n") == 1
