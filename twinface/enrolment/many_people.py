"""Many people enrolled at once: from a folder with a folder of pictures for each, or from features.

Each person is a change of the gallery by itself, through the gate that compares with everybody, also those before. So
one bad person costs only itself, what breaks off leaves everybody before whole, and the same once more adds only what
is new.
"""

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TypeVar

from twinface.corrections.audit_file import user_name
from twinface.corrections.recording import Change, recorded
from twinface.corrections.steps_file import StepKind
from twinface.enrolment.applicants import Applicant, list_applicants
from twinface.enrolment.from_pictures import judge_pictures
from twinface.enrolment.gate import choose_picker
from twinface.enrolment.growing_gate import GrowingGate
from twinface.enrolment.kept_crops import cut_kept_crop
from twinface.enrolment.likeness import LikenessGate
from twinface.enrolment.objections import Objection, Reason
from twinface.enrolment.open_likeness import try_likeness_gate
from twinface.errors import InputError
from twinface.gallery.gallery import Gallery
from twinface.gallery.person import PHOTOS, PersonVectors
from twinface.networks.registry import find_recipe
from twinface.outputs import refuse_inputs
from twinface.progress import ShowProgress, no_progress
from twinface.recognition.extraction import Embedder, to_person
from twinface.recognition.picture_folders import describe_left_out_of_people
from twinface.settings import Settings
from twinface.text import plural

T = TypeVar("T")

_MOST_AT_ONCE = 100
_LONGEST_S = 10.0
"""What of the pictures that become vectors is lost at most, in time, where it is broken off."""


class Outcome(StrEnum):
    """What became of a person: something was `added`, what is good was `known` already, or all was `refused`."""

    ADDED = "added"
    KNOWN = "known"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class PersonResult:
    """How many pictures of a person were `added` and `known` already, which were refused and why.

    `problem` is what kept the person out as a whole.
    """

    name: str
    added: int = 0
    known: int = 0
    refused: tuple[tuple[str, Objection], ...] = ()
    problem: Objection | None = None

    @property
    def outcome(self) -> Outcome:
        """In a word."""
        if self.added:
            return Outcome.ADDED
        return Outcome.KNOWN if self.known else Outcome.REFUSED

    @property
    def reasons(self) -> Counter[str]:
        """What was objected to, and how often."""
        problem = [self.problem] if self.problem else []
        return Counter(one.reason.value for one in (*(objection for _, objection in self.refused), *problem))


def enrol_people(
    applicants: Sequence[Applicant],
    gallery: Gallery,
    gate: LikenessGate | None,
    settings: Settings,
    *,
    who: str | None = None,
    aligned: bool = False,
    force: bool = False,
    source: str | None = None,
    advance: Callable[[], None] = lambda: None,
) -> Generator[PersonResult, None, None]:
    """Enrol one after the other, and say what became of each as soon as they are in the gallery, whole.

    Who was enrolled before counts as somebody else, whatever the `gate` was opened with. Pictures, which are `aligned`
    crops already or not, become vectors by the network of the settings; with `force` whatever has a face is taken.
    `source` is where all come from; None leaves features theirs and takes pictures for photos.
    `advance` is called after each picture. A step that can be taken back is of up to a hundred people, added by `who`,
    by default whoever runs this process, so that nobody else who changes something waits for long.
    Raises ArtefactError when the gallery cannot be written (full disk, another writer that does not end); whoever was
    reported before is in it.
    """
    growing = GrowingGate(gallery, gate.head, gate.matching) if gate else None
    settings = settings.model_copy(update={"gallery": gallery.folder})
    for batch in _batches(_prepare(applicants, settings, aligned=aligned, source=source, force=force, advance=advance)):
        names = tuple(one.name for one in batch if one.person is not None)
        change, added = Change(StepKind.ADD, _describe(len(names)), names, who or user_name()), 0
        with recorded(change, settings) if names else nullcontext() as step:
            for one in batch:
                result = _enrol(gallery, one, growing)
                added += result.outcome is Outcome.ADDED
                if step is not None:
                    step.said = _describe(added)
                yield result


def _describe(people: int) -> str:
    return f"pictures of {plural(people, 'person')} added"


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """Somebody whose usable pictures are vectors: the `person`, None without any, and their `crops` where kept."""

    name: str
    person: PersonVectors | None = None
    crops: tuple[bytes, ...] | None = None
    refused: tuple[tuple[str, Objection], ...] = ()
    problem: Objection | None = None


def _prepare(
    applicants: Sequence[Applicant],
    settings: Settings,
    *,
    aligned: bool,
    source: str | None,
    force: bool,
    advance: Callable[[], None],
) -> Iterator[_Prepared]:
    paths = [path for one in applicants for path in one.pictures]
    if not paths:
        for one in applicants:
            yield _Prepared(one.name, _of_source(one.person, source), problem=one.problem)
            for _ in range(one.count):
                advance()
        return
    pick = choose_picker(force=force)
    with Embedder(settings.network, aligned=aligned, pick=pick, upright_only=not force) as embedder:
        embedded = embedder.embed_files(paths)
        for one in applicants:
            verdicts = judge_pictures(one.name, _followed(islice(embedded, one.count), advance), None)
            usable = [(each.picture, each.face) for each in verdicts if each.face and each.is_usable(force=force)]
            left = [each for each in verdicts if each.objection and not each.is_usable(force=force)]
            refused = tuple((str(each.picture), each.objection) for each in left if each.objection)
            files = [(str(path.absolute()), face) for path, face in usable]
            person = to_person(one.name, files, embedder.recipe.fingerprint, source or PHOTOS) if files else None
            problem, crops = one.problem, None
            try:
                if settings.store_crops:
                    crops = tuple(cut_kept_crop(path, face, aligned=aligned) for path, face in usable)
            except InputError as error:  # The picture is gone meanwhile.
                problem = Objection(Reason.UNREADABLE, str(error))
            yield _Prepared(one.name, person, crops, refused, problem)


def _of_source(person: PersonVectors | None, source: str | None) -> PersonVectors | None:
    """A person of features, all of whose vectors come from `source`, where that is said."""
    return replace(person, sources=(source,) * len(person.files)) if person and source else person


def _batches(prepared: Iterable[_Prepared]) -> Iterator[list[_Prepared]]:
    """Those who are to be added in one step: so many, or as long as they took to be prepared."""
    batch: list[_Prepared] = []
    since_s = time.monotonic()
    for one in prepared:
        batch.append(one)
        if len(batch) == _MOST_AT_ONCE or time.monotonic() - since_s > _LONGEST_S:
            yield batch
            batch, since_s = [], time.monotonic()
    if batch:
        yield batch


def _enrol(gallery: Gallery, one: _Prepared, gate: GrowingGate | None) -> PersonResult:
    """Add the pictures of a person that the gate lets through, all in one change."""
    name, person, refused, problem = one.name, one.person, [*one.refused], one.problem
    if problem is None and name not in gallery.people and gallery.knows(name):
        problem = Objection(Reason.DAMAGED, "what the gallery has of them is damaged; see `twinface gallery verify`")
    if person is None or problem is not None:
        return PersonResult(name, refused=one.refused, problem=problem)
    objections = gate.object_to(name, person.vectors) if gate else [None] * len(person.files)
    refused += [(file, found) for file, found in zip(person.files, objections, strict=True) if found]
    rows = [row for row, found in enumerate(objections) if found is None]
    if not rows:
        return PersonResult(name, refused=tuple(refused))
    files, crops = [person.files[row] for row in rows], one.crops and [one.crops[row] for row in rows]
    sources = [person.sources[row] for row in rows]
    added = gallery.add(name, files, person.vectors[rows], person.quality[rows], crops, sources=sources)
    return PersonResult(name, added, len(rows) - added, tuple(refused))


def _followed(done: Iterable[T], advance: Callable[[], None]) -> Iterator[T]:
    for one in done:
        yield one
        advance()


@dataclass(frozen=True, slots=True)
class FolderOfPeople:
    """Those who are to be added to the `gallery`, and the `gate` that they pass; None of one that takes everybody.

    `warnings` are what is to be said of it, in sentences.
    """

    folder: Path
    gallery: Gallery
    applicants: tuple[Applicant, ...]
    gate: LikenessGate | None
    warnings: tuple[str, ...]
    forced: bool


def open_folder_of_people(folder: Path, settings: Settings, *, force: bool = False) -> FolderOfPeople:
    """Read who is in a folder of people, for the gallery of the settings, which is made if need be.

    With `force` whatever has a face is to be added. Raises InputError for a folder that has nobody or is the gallery,
    ArtefactError and its kin for features of another network and a gallery that cannot be used.
    """
    recipe = find_recipe(settings.network)
    refuse_inputs(settings.gallery, [folder], "name another folder with --gallery")
    applicants = list_applicants(folder, recipe.fingerprint)
    gallery = Gallery.open(settings.gallery, network=recipe.fingerprint, network_name=recipe.name, create=True)
    gate, unchecked = (None, "") if force else try_likeness_gate(gallery, settings)
    warnings = [*describe_left_out_of_people(folder)]
    if unchecked:
        warnings.append(f"not checked whom the pictures look like: {unchecked}")
    return FolderOfPeople(folder, gallery, tuple(applicants), gate, tuple(warnings), force)


def enrol_folder(
    people: FolderOfPeople,
    settings: Settings,
    *,
    aligned: bool = False,
    source: str | None = None,
    who: str | None = None,
    show: ShowProgress = no_progress,
) -> Generator[PersonResult, None, None]:
    """Enrol everybody of the folder, one after the other; the rest as of `enrol_people`."""
    with show("adding people", sum(one.count for one in people.applicants)) as bar:
        yield from enrol_people(
            people.applicants,
            people.gallery,
            people.gate,
            settings,
            who=who,
            aligned=aligned,
            force=people.forced,
            source=source,
            advance=bar.advance,
        )
