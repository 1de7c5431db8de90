"""The pictures of one person: shown, removed, or given to whom they are of. Each is a step that can be taken back."""

from collections.abc import Sequence
from dataclasses import dataclass

from twinface.corrections.audit_file import user_name
from twinface.corrections.recording import Change, recorded
from twinface.corrections.steps import list_steps
from twinface.corrections.steps_file import StepKind
from twinface.errors import ChangedSinceError, InputError, NotThereError
from twinface.gallery.gallery import Gallery
from twinface.gallery.names import checked_name, known_name
from twinface.gallery.person import PersonVectors
from twinface.gallery.person_files import crop_key
from twinface.settings import Settings
from twinface.text import plural


@dataclass(frozen=True, slots=True)
class EnrolledPicture:
    """A picture of somebody in the gallery; `file` tells it from all others and may stand in an address, `name` is what
    the file was called. `quality` is 0…1, `has_crop` says that the picture itself is kept.
    """

    file: str
    name: str
    source: str
    quality: float
    has_crop: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """The pictures are `name`'s now, by step `step`."""

    name: str
    step: int | None


def list_pictures(gallery: Gallery, name: str) -> list[EnrolledPicture]:
    """The pictures of a person, in the order they came. Raises NotThereError where nobody has this name."""
    person = _find(gallery, known_name(name, gallery.people))
    crops = gallery.crops(person.name)
    keys = map(crop_key, person.vectors)
    rows = zip(keys, person.files, person.sources, person.quality, strict=True)
    return [
        EnrolledPicture(key, file, source, round(float(quality), 3), key in crops)
        for key, file, source, quality in rows
    ]


def remove_pictures(
    settings: Settings, name: str, files: Sequence[str], *, version: str | None = None, who: str | None = None
) -> int | None:
    """Remove pictures of a person, by what `list_pictures` calls them, or by their names; returns the step's number.

    Raises NotThereError where person or picture is not there (any more), ChangedSinceError where the person is not of
    `version`, InputError where no picture would be left, ArtefactError when the gallery cannot be changed.
    """
    gallery = Gallery.open(settings.gallery)
    name = known_name(name, gallery.people)
    keys = _keys(_find(gallery, name), files)
    said = f"{plural(len(keys), 'picture')} of {name} removed"
    with recorded(Change(StepKind.REMOVE, said, (name,), who or user_name()), settings) as step:
        require_version(gallery, name, version, settings)
        gallery.take_pictures(name, keys)
    return step.number


def split(
    settings: Settings,
    name: str,
    files: Sequence[str],
    new: str,
    *,
    merge: bool = False,
    version: str | None = None,
    who: str | None = None,
) -> Moved:
    """Give pictures of a person to somebody new or, with `merge`, to somebody in the gallery.

    Raises as `remove_pictures`, and InputError for a name that is none, or that somebody has, with `merge` nobody.
    """
    gallery = Gallery.open(settings.gallery)
    name, new = known_name(name, gallery.people), known_name(checked_name(new), gallery.people)
    keys = _keys(_find(gallery, name), files)
    said = f"{plural(len(keys), 'picture')} of {name} given to {new}"
    with recorded(Change(StepKind.SPLIT, said, (name, new), who or user_name()), settings) as step:
        require_version(gallery, name, version, settings)
        gallery.take_pictures(name, keys, new, merge=merge)
    return Moved(new, step.number)


def require_version(gallery: Gallery, name: str, version: str | None, settings: Settings) -> None:
    """Raises ChangedSinceError, which says what was changed last, where a person is not of this version any more."""
    gallery.refresh()
    if version is None or _find(gallery, name).version == version:
        return
    steps = [step for step in list_steps(settings.gallery) if name in step.names and step.is_done]
    what = f": {steps[-1].said}, by {steps[-1].who}" if steps else ""
    raise ChangedSinceError(f"{name} has changed since you looked{what}; look again")


def _find(gallery: Gallery, name: str) -> PersonVectors:
    person = gallery.people.get(name)
    if person is None:
        raise NotThereError(f"nobody called {name!r} is in the gallery any more; `twinface gallery list` has everybody")
    return person


def _keys(person: PersonVectors, files: Sequence[str]) -> list[str]:
    """The keys of pictures that are named by these, or by what the files were called."""
    keys = list(map(crop_key, person.vectors))
    found = []
    for file in files:
        named = [key for key, name in zip(keys, person.files, strict=True) if file in {key, name}]
        if not named:
            raise NotThereError(
                f"{person.name} has no picture {file!r} any more; `twinface gallery pictures` lists them"
            )
        if len(named) > 1:
            raise InputError(f"{person.name} has {len(named)} pictures called {file!r}; name one by its number")
        found += named
    return list(dict.fromkeys(found))
