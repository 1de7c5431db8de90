"""`twinface keys`: two boxes that let each other in."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    config = tmp_path / "pipeline.toml"
    config.write_text(f'gallery = "{tmp_path}/gallery"\n')
    return config


def test_a_key_is_made_shown_and_never_its_secret_half(twinface: Command, config: Path) -> None:
    code, _, err = twinface("keys", "show", "--config", config)
    assert (code, "make it with `twinface keys new`" in err) == (2, True)
    code, made, err = twinface("keys", "new", "--config", config)
    secret = (config.parent / "keys" / "own.key").read_text().strip()
    assert (code, len(made.strip())) == (0, 64)
    assert secret not in made + err
    assert twinface("keys", "show", "--config", config)[1] == made
    assert json.loads(twinface("keys", "show", "--json", "--config", config)[1])["key"] == made.strip()
    code, _, err = twinface("keys", "new", "--config", config)
    assert (code, "`--replace` makes another one" in err) == (2, True)
    assert json.loads(twinface("keys", "new", "--replace", "--json", "--config", config)[1])["key"] != made.strip()


def test_a_box_is_allowed_listed_and_revoked(twinface: Command, config: Path) -> None:
    assert "no box is let in" in twinface("keys", "list", "--config", config)[2]
    key = "0123456789abcdef" * 4
    assert twinface("keys", "allow", "cellar", key, "--config", config)[0] == 0
    assert twinface("keys", "list", "--config", config)[1] == f"cellar  {key}\n"
    listed = json.loads(twinface("keys", "list", "--json", "--config", config)[1])
    assert listed["boxes"] == [{"name": "cellar", "key": key}]
    code, _, err = twinface("keys", "allow", "cellar", "f" * 64, "--config", config)
    assert (code, "`twinface keys revoke cellar` first" in err) == (2, True)
    assert twinface("keys", "revoke", "cellar", "--config", config)[0] == 0
    code, _, err = twinface("keys", "revoke", "cellar", "--config", config)
    assert (code, "no box called cellar is allowed" in err) == (2, True)
