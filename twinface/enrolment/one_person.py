"""One person enrolled from pictures: which were found, which pass the gate, and what the gallery has then."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from twinface.corrections.audit_file import user_name
from twinface.corrections.recording import Change, recorded
from twinface.corrections.steps_file import StepKind
from twinface.enrolment.from_pictures import Verdict, judge_pictures
from twinface.enrolment.gate import choose_picker
from twinface.enrolment.kept_crops import cut_kept_crop
from twinface.enrolment.open_likeness import try_likeness_gate
from twinface.enrolment.set_aside import is_reasons, set_aside
from twinface.errors import InputError
from twinface.faces.formats import describe_left_out
from twinface.faces.picture_files import is_folder, list_left_out, list_pictures
from twinface.gallery.gallery import Gallery
from twinface.gallery.names import checked_name
from twinface.gallery.person import PHOTOS, checked_source
from twinface.networks.registry import find_recipe
from twinface.outputs import REASONS_FILE, is_same, refuse_inputs, require_ours
from twinface.recognition.embedding import EmbeddedFace
from twinface.recognition.extraction import Embedder, to_person
from twinface.recognition.picture_folders import describe_nested
from twinface.settings import Settings
from twinface.text import plural


@dataclass(frozen=True, slots=True, eq=False)
class EnrolledPictures:
    """What became of pictures of the person `name`: so many were `added`, so many were `known` already.

    `verdicts` are on each picture, in the order given; with `forced` those with an objection were taken all the same,
    where they show a face. `warnings` are what else is to be said, in sentences.
    """

    name: str
    added: int
    known: int
    verdicts: tuple[Verdict, ...]
    forced: bool
    warnings: tuple[str, ...]

    @property
    def refused(self) -> tuple[Verdict, ...]:
        """The pictures that were not enrolled, each with its objection."""
        return tuple(one for one in self.verdicts if not one.is_usable(force=self.forced))


def find_pictures(sources: Sequence[Path], warn: Callable[[str], object]) -> list[Path]:
    """The pictures named, and those directly in the folders named; `warn` is called with what else lies there.

    Raises InputError where there are none, or a folder cannot be read.
    """
    pictures = [path for source in sources for path in (list_pictures(source) if is_folder(source) else [source])]
    for source in filter(is_folder, sources):
        if left_out := describe_left_out(list_left_out(source)):
            warn(f"{source}: {left_out}")
        if nested := describe_nested(source, sources):
            warn(f"{source}: {nested} left out; name these folders too")
    if not pictures:
        raise InputError(f"{', '.join(map(str, sources))}: no pictures there; name pictures, or folders of them")
    return pictures


def check_places(sources: Sequence[Path], gallery: Path, aside: Path | None) -> None:
    """Raises InputError where the gallery, or copies set `aside`, would come among the pictures, or copies into it."""
    refuse_inputs(gallery, sources, "name another folder with --gallery")
    if aside is None:
        return
    mend = "name another folder with --set-aside"
    for source in sources:
        if is_same(aside, source if is_folder(source) else source.parent):
            raise InputError(f"{aside}: the pictures are there, and copies of them would be; {mend}")
    refuse_inputs(aside, [gallery], mend)
    require_ours(aside / REASONS_FILE, is_reasons, mend)


def enrol_pictures(
    name: str,
    pictures: Sequence[Path],
    settings: Settings,
    *,
    aligned: bool = False,
    force: bool = False,
    source: str = PHOTOS,
    aside: Path | None = None,
    advance: Callable[[], None] = lambda: None,
) -> EnrolledPictures:
    """Add pictures of a person, each of one face, to the gallery of the settings, which is made if need be.

    What the gate objects to is left where it is, and copied to the folder `aside` where one is given; with `force` it
    is taken. `aligned` pictures are crops already; `source` is where all come from. `advance` is called after each
    picture. What is added is a step that can be taken back.

    Raises InputError for a name that cannot be one, ArtefactError and its kin when network or gallery cannot be used or
    written, AssetError when a model file cannot be had.
    """
    name, source, recipe = checked_name(name), checked_source(source), find_recipe(settings.network)
    gallery = Gallery.open(settings.gallery, network=recipe.fingerprint, network_name=recipe.name, create=True)
    gate, unchecked = try_likeness_gate(gallery, settings)
    pick, upright = choose_picker(force=force), not force
    with Embedder(settings.network, aligned=aligned, pick=pick, upright_only=upright) as embedder:
        verdicts = judge_pictures(name, _followed(embedder.embed_files(pictures), advance), gate)
    warnings = [f"not checked whom the pictures look like: {unchecked}"] if unchecked else []
    refused = {one.picture: one.objection for one in verdicts if not one.is_usable(force=force)}
    if aside is not None and refused:
        warnings += map(str, set_aside(gallery, name, refused, aside))
    usable = [(one.picture, one.face) for one in verdicts if one.face and one.is_usable(force=force)]
    added = _add(name, usable, gallery, settings, aligned=aligned, source=source) if usable else 0
    return EnrolledPictures(name, added, len(usable) - added, tuple(verdicts), force, tuple(warnings))


def _add(
    name: str,
    usable: Sequence[tuple[Path, EmbeddedFace]],
    gallery: Gallery,
    settings: Settings,
    *,
    aligned: bool,
    source: str,
) -> int:
    """Add pictures as a step; returns how many were new."""
    crops = [cut_kept_crop(path, face, aligned=aligned) for path, face in usable] if settings.store_crops else None
    faces = [(str(path.absolute()), face) for path, face in usable]
    added, _ = add_faces(name, faces, crops, gallery, settings, source=source)
    return added


def add_faces(
    name: str,
    faces: Sequence[tuple[str, EmbeddedFace]],
    crops: Sequence[bytes] | None,
    gallery: Gallery,
    settings: Settings,
    *,
    source: str = PHOTOS,
    who: str | None = None,
) -> tuple[int, int | None]:
    """Add faces, each with what its picture is called, and their `crops`, as a step; how many were new, and its number.

    Raises ArtefactError as `Gallery.add`.
    """
    person = to_person(name, list(faces), gallery.network, source)
    change = Change(StepKind.ADD, _describe(len(faces), name), (name,), who or user_name())
    with recorded(change, settings) as step:
        added = gallery.add(name, person.files, person.vectors, person.quality, crops, sources=person.sources)
        step.said = _describe(added, name)
    return added, step.number


def _describe(pictures: int, name: str) -> str:
    return f"{plural(pictures, 'picture')} of {name} added"


def _followed(
    embedded: Iterable[tuple[Path, EmbeddedFace | InputError]], advance: Callable[[], None]
) -> Iterator[tuple[Path, EmbeddedFace | InputError]]:
    for one in embedded:
        yield one
        advance()
