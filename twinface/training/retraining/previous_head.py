"""The head before this one, kept inside its folder, so that both come and go in one step."""

import shutil
from collections.abc import Callable
from pathlib import Path

from twinface.corrections.audit_file import note
from twinface.errors import ArtefactError
from twinface.files import only_writer
from twinface.matching.head_folder import head_place, read_spec, write_built_in_head
from twinface.networks.registry import find_recipe
from twinface.publishing import draft_of, put_in_place
from twinface.settings import Settings
from twinface.sharing.shared_heads import read_head_files, share_head

PREVIOUS = "previous"


def keep_previous(draft: Path, present: Path | None, network: str, network_name: str) -> None:
    """Put the present head, None is the bundled one, into the draft of the next. Raises OSError, ArtefactError."""
    if present is None:
        write_built_in_head(draft / PREVIOUS, network, network_name)
    else:
        _copy(present, draft / PREVIOUS)


def roll_back(folder: Path, first: Callable[[Path], None] = lambda _draft: None) -> None:
    """Let the head before this one take its place, and this one that of the one before: twice is as if never.

    `first` is given the folder that is going to be there. Raises ArtefactError when there is none, or it cannot be
    written, and what `first` raises; the head is then as it was.
    """
    if not folder.is_dir():
        raise ArtefactError(f"{folder}: no such folder, and no head before this one; `twinface retrain` makes both")
    read_spec(folder)
    if not (folder / PREVIOUS).is_dir():
        raise ArtefactError(f"{folder}: no head before this one is kept; `twinface retrain` keeps the one it replaces")
    with draft_of(folder) as draft, only_writer(folder):
        _copy(folder / PREVIOUS, draft)
        _copy(folder, draft / PREVIOUS)
        read_spec(draft)
        first(draft)
        put_in_place(draft, folder)


def roll_back_published(settings: Settings, head: Path | None = None, *, who: str | None = None) -> Path:
    """The same for `head`, by default the one that retraining with these settings publishes to; returns its folder.

    That `who`, by default the user, has done so is written down.

    Raises as `roll_back`, and InputError for a network that there is not.
    """
    folder = head or head_place(settings.head, settings.gallery, find_recipe(settings.network).fingerprint)
    roll_back(folder, lambda draft: share_head(settings, folder, read_head_files(draft)))
    note(settings.gallery, "rollback", "the head before it is in use", who=who)
    return folder


def _copy(folder: Path, target: Path) -> None:
    """A head's folder, without the one before it."""
    shutil.copytree(folder, target, ignore=shutil.ignore_patterns(PREVIOUS), dirs_exist_ok=True)
