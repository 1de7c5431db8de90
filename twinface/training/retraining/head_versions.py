"""Which heads there are for this gallery, and how good each was found to be when it took its place."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from twinface.errors import ArtefactError, InputError, NotThereError
from twinface.matching.head_folder import (
    built_in_head,
    head_fingerprint,
    head_in_use,
    head_place,
    head_state,
    holds_head,
    read_about,
    read_spec,
)
from twinface.networks.registry import find_recipe
from twinface.settings import Settings
from twinface.training.retraining.previous_head import PREVIOUS, roll_back_published

_VALIDATION = "validation"


@dataclass(frozen=True, slots=True)
class HeadVersion:
    """A head: `version` is its fingerprint, 16 hex digits, `made_at_ns` wall clock, None of the bundled one.

    `figures` are those of the validation when it took its place, by name; with `_before` those of the head before it,
    on the same pairs. `verdict` is what came of it, in words. `comes_back` says that a rollback brings it back.
    """

    version: str
    folder: str
    made_at_ns: int | None
    architecture: str
    figures: Mapping[str, float]
    verdict: str
    in_use: bool
    comes_back: bool


def list_heads(settings: Settings) -> list[HeadVersion]:
    """The head in use, the one before it where it is kept, and the bundled one where it is neither.

    Raises ArtefactError where one cannot be read, InputError for a network that there is not.
    """
    network = find_recipe(settings.network).fingerprint
    place = head_place(settings.head, settings.gallery, network)
    used, bundled = head_in_use(settings.head, settings.gallery, network), built_in_head(network)
    folders = [folder for folder in (used or bundled, place / PREVIOUS, bundled) if folder and holds_head(folder)]
    found: dict[str, HeadVersion] = {}
    for folder in folders:
        one = _version_of(folder, in_use=folder == (used or bundled), is_bundled=folder == bundled)
        one = found.get(one.version, one)
        comes_back = one.comes_back or folder == place / PREVIOUS
        found[one.version] = replace(one, comes_back=comes_back and not one.in_use)
    return list(found.values())


def bring_back(settings: Settings, version: str | None = None, *, who: str | None = None) -> HeadVersion:
    """Have the head before this one be in use: the one of `version`, if it is that; returns it.

    Raises NotThereError where there is no such head, InputError where none or another one would come back, and
    ArtefactError as `roll_back`.
    """
    known = list_heads(settings)
    if not any(one.comes_back for one in known):
        raise InputError("no head before this one is kept; `twinface retrain` keeps the one it replaces")
    if version is not None:
        wanted = next((one for one in known if one.version == version), None)
        if wanted is None:
            raise NotThereError(f"there is no head {version!r}; `twinface heads` lists them")
        if not wanted.comes_back:
            raise InputError(f"{version} is not the head before this one, which alone comes back")
    roll_back_published(settings, who=who)
    return next(one for one in list_heads(settings) if one.in_use)


def _version_of(folder: Path, *, in_use: bool, is_bundled: bool) -> HeadVersion:
    spec, state = read_spec(folder), head_state(folder)
    validation = read_about(folder).get(_VALIDATION)
    figures = _figures(folder, validation) if isinstance(validation, dict) else {}
    people = int(figures.get("people", 0))
    verdict = f"not worse than the one before it, on {people} people" if people else "not compared with another one"
    return HeadVersion(
        version=head_fingerprint(folder, spec),
        folder=str(folder),
        made_at_ns=None if is_bundled or state is None else state.modified_ns,
        architecture=spec.architecture,
        figures=figures,
        verdict="bundled" if is_bundled else verdict,
        in_use=in_use,
        comes_back=False,
    )


def _figures(folder: Path, validation: Mapping[str, Any]) -> dict[str, float]:
    """The figures of a head's validation by name. Raises ArtefactError where they are none."""
    try:
        found = {name: float(validation[name]) for name in ("people", "strangers") if name in validation}
        for name, one in validation.get("differences", {}).items():
            found |= {name: float(one["first"]), f"{name}_before": float(one["second"])}
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise ArtefactError(f"{folder}: a head whose validation is none; retrain, or delete it") from error
    return found
