"""A person gets another name, is put together with another one who is the same, or removed."""

from dataclasses import dataclass

from twinface.averages.average import adjust_people
from twinface.corrections.answers_file import rename_answers
from twinface.corrections.audit_file import user_name
from twinface.corrections.corrections_file import rename_corrections
from twinface.corrections.recording import Change, recorded
from twinface.corrections.steps_file import StepKind
from twinface.enrolment.likeness import compare_groups
from twinface.enrolment.open_likeness import trained_head
from twinface.errors import ArtefactError, InputError
from twinface.gallery.gallery import Gallery
from twinface.gallery.gallery_folder import require_gallery
from twinface.gallery.names import checked_name, known_name
from twinface.recognition.averaging import averages_for
from twinface.review.person_pictures import require_version
from twinface.settings import Settings
from twinface.text import plural


@dataclass(frozen=True, slots=True)
class Renamed:
    """Who was `old` is `new` now, by step `step`; `unchecked` is why nobody compared the two who were merged, empty
    where somebody did or there was nothing to compare.
    """

    old: str
    new: str
    step: int | None
    unchecked: str = ""


def rename(
    settings: Settings,
    old: str,
    new: str,
    *,
    merge: bool = False,
    force: bool = False,
    version: str | None = None,
    who: str | None = None,
) -> Renamed:
    """Give a person of the gallery another name; with `merge` it may be somebody's, who has the pictures of both then.

    Two people who do not look like one are merged with `force` only. What was said of their names goes with them.
    Raises InputError for that, where nobody has the old name, or somebody the new one and it is not to be merged;
    ChangedSinceError where the person is not of `version`, ArtefactError when the gallery cannot be changed. Nothing
    has changed then.
    """
    require_gallery(settings.gallery)
    gallery = Gallery.open(settings.gallery)
    old, new = known_name(old, gallery.people), checked_name(new)
    unchecked = "" if force or not merge else _check_likeness(gallery, old, new, settings)
    both = gallery.knows(old) and gallery.knows(new)
    kind, said = (StepKind.MERGE, f"{old} and {new} are one") if both else (StepKind.RENAME, f"{old} is called {new}")
    with recorded(Change(kind, said, (old, new), who or user_name()), settings) as step:
        require_version(gallery, old, version, settings)
        gallery.rename(old, new, merge=merge)
        rename_corrections(gallery.folder, old, new)
        rename_answers(gallery.folder, old, new)
    return Renamed(old, new, step.number, unchecked)


def remove(settings: Settings, name: str, *, who: str | None = None) -> int | None:
    """Remove a person's vectors and crops from the gallery; returns the step's number.

    Raises InputError when nobody has this name, ArtefactError when the gallery cannot be changed.
    """
    gallery = Gallery.open(settings.gallery)
    name = known_name(name, gallery.people)
    with recorded(Change(StepKind.REMOVE, f"{name} removed", (name,), who or user_name()), settings) as step:
        gallery.remove(name)
    return step.number


def _check_likeness(gallery: Gallery, old: str, new: str, settings: Settings) -> str:
    """Raise InputError where two people do not look like one; returns why that was not looked at."""
    first, second = gallery.people.get(old), gallery.people.get(new)
    if first is None or second is None or old == new:
        return ""
    try:
        head = trained_head(gallery, settings)
        one, other = adjust_people((first, second), averages_for(head, settings, gallery))
        likeness = compare_groups(one.vectors, other.vectors, head)
    except ArtefactError as error:
        return str(error)
    if likeness.is_one_person:
        return ""
    counts = f"{plural(len(first.files), 'picture')} of {old} and {len(second.files)} of {new}"
    raise InputError(
        f"{old} and {new} do not look like one person: {counts} score {likeness.score:.2f} with each other,"
        f" one person {likeness.bound:.2f} or more; use --force where they are one all the same"
    )
