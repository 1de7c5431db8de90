"""`twinface corrections --all-boxes`: what was changed at every box."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from twinface.corrections.audit import AuditEntry
from twinface.postgres.connecting import connect
from twinface.postgres.migrations import migrate
from twinface.sharing.identity import Identity
from twinface.sharing.own_box import OwnBox
from twinface.sharing.shared_audit import send_audit

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def config(tmp_path: Path, database: str) -> Path:
    """Of a box of a database to which gate has sent a change that was taken back."""
    with connect(database, "test") as connection:
        migrate(connection)
        OwnBox(Identity("a" * 32, "gate"), "1", "").turn(connection)
        rejected = AuditEntry(1, 10**18, "ada@gate", "reject", "door:1:3 is not Zoe", 7, 8)
        undone = AuditEntry(2, 2 * 10**18, "[red]", "undo", "", 8, None)
        send_audit(connection, "a" * 32, [undone, rejected])
    config = tmp_path / "pipeline.toml"
    config.write_text(f'gallery = "{tmp_path}/gallery"\n[database]\nurl = "{database}"\n')
    return config


def test_it_shows_who_did_what_where_and_names_nobody(twinface: Command, config: Path) -> None:
    code, out, err = twinface("corrections", "--all-boxes", "--config", config)
    assert (code, err) == (0, "")
    first, second = out.splitlines()
    assert first.endswith("  gate step 7  ada@gate  reject; taken back by step 8")
    assert second.endswith("  gate step 8  [red]  undo")
    assert "Zoe" not in out
    found = json.loads(twinface("corrections", "--all-boxes", "--json", "--config", config)[1])["entries"]
    assert [(one["box"], one["step"], one["undone_by"]) for one in found] == [("gate", 7, 8), ("gate", 8, None)]


def test_a_box_alone_is_told_what_to_set(twinface: Command, tmp_path: Path) -> None:
    config = tmp_path / "pipeline.toml"
    config.write_text("")
    code, out, err = twinface("corrections", "--all-boxes", "--config", config)
    assert (code, out) == (2, "")
    assert "this box shares nothing; set [database] url" in err
