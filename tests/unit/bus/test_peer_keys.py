"""The key of a box and the list of those that are let in, in real files."""

import stat
from pathlib import Path

import pytest

from twinface.bus.peer_keys import KeyFolder
from twinface.errors import ArtefactError, InputError, NotThereError


@pytest.fixture
def keys(tmp_path: Path) -> KeyFolder:
    return KeyFolder(tmp_path / "keys")


def test_a_key_is_made_once_and_kept_for_its_owner_only(keys: KeyFolder) -> None:
    with pytest.raises(NotThereError, match="twinface keys new"):
        keys.own()
    made = keys.make()
    assert keys.own() == made
    assert stat.S_IMODE((keys.folder / "own.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.folder.stat().st_mode) == 0o700
    assert made.secret.hex() not in repr(made)
    with pytest.raises(InputError, match="--replace"):
        keys.make()
    assert keys.make(replace=True) != made


def test_who_is_allowed_is_on_the_list_until_revoked(keys: KeyFolder, tmp_path: Path) -> None:
    door, yard = KeyFolder(tmp_path / "door").make().public, KeyFolder(tmp_path / "yard").make().public
    keys.allow("door", door.hex())
    keys.allow("yard", yard.hex().upper())
    keys.allow("door", door.hex())
    assert keys.allowed() == {"door": door, "yard": yard}
    keys.revoke("door")
    assert keys.allowed() == {"yard": yard}
    with pytest.raises(NotThereError, match="twinface keys list"):
        keys.revoke("door")


def test_a_name_or_a_key_that_is_none_or_is_taken_is_refused(keys: KeyFolder, tmp_path: Path) -> None:
    own, door = keys.make().public.hex(), KeyFolder(tmp_path / "door").make().public.hex()
    keys.allow("door", door)
    refused = {
        ("front door", door): "expected a name",
        ("yard", door[:-1]): "64 digits",
        ("yard", "z" * 64): "64 digits",
        ("yard", own): "this box's own key",
        ("yard", door): "already, as door",
        ("door", "00" * 32): "revoke door",
    }
    for (name, key), reason in refused.items():
        with pytest.raises(InputError, match=reason):
            keys.allow(name, key)
    assert list(keys.allowed()) == ["door"]


def test_files_that_are_not_ours_are_named_with_the_mend(keys: KeyFolder) -> None:
    keys.make()
    (keys.folder / "own.key").write_text("secret\n")
    with pytest.raises(ArtefactError, match=r"own\.key: no key in it; make another one"):
        keys.own()
    (keys.folder / "allowed").write_text(f"door {'0' * 64}\nyard\n")
    with pytest.raises(ArtefactError, match="allowed, line 2: "):
        keys.allowed()
