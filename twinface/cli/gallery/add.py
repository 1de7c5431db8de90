"""`twinface gallery add`: pictures of a person, or of many, on their way into the gallery."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import progress_bar, say, say_json, warn
from twinface.cli.gallery.add_people import add_people
from twinface.cli.gallery.enrolment_shown import ForceOption, warn_of
from twinface.cli.shared_options import GalleryOption, JsonOption, NetworkOption, SourceOption
from twinface.errors import InputError
from twinface.text import none_usable, plural

if TYPE_CHECKING:
    from twinface.enrolment.one_person import EnrolledPictures
    from twinface.settings import Settings

_WHO = "name a person and their pictures, or a folder of many people with --people"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOptions:
    """Where to, and how the pictures are taken."""

    gallery: GalleryOption = None
    network: NetworkOption = None
    aligned: Annotated[bool, typer.Option("--aligned", help="The pictures are aligned crops: no detection.")] = False
    force: ForceOption = False
    aside: Annotated[
        Path | None,
        typer.Option(
            "--set-aside",
            help="Folder for copies of the pictures that are not added, with the reasons in reasons.json.",
        ),
    ] = None
    source: SourceOption = None


def add(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The person's name, any letters.")] = None,
    sources: Annotated[
        list[Path] | None, typer.Argument(metavar="IMAGE_OR_DIR...", help="Pictures, or folders of them.")
    ] = None,
    *,
    people: Annotated[
        Path | None,
        typer.Option(
            "--people",
            metavar="DIR",
            help="Many at once: a folder of pictures for each person, named after them, or features from `extract`.",
        ),
    ] = None,
    options: AddOptions,
    as_json: JsonOption = False,
) -> None:
    """Add pictures of a person, who may be known already; each picture shows one face.

    A picture that is no good example of the person is not added, and the reason is said in a word and a sentence:
    unreadable, no_face, or one of those that --force lists. It stays where it is. Exit code 2 where nothing could be
    used, or what is named is not there.

    With --people everybody is added one after the other. One bad person costs only themselves, Ctrl-C leaves who was
    added, and the same command again adds what is new. Of features only what vectors tell is checked; they keep their
    source unless --source says another.
    """
    from twinface.gallery import checked_source

    source = None if options.source is None else checked_source(options.source)
    settings = chosen_settings(gallery=options.gallery, network=options.network)
    if people is not None:
        if name is not None or options.aside is not None:
            raise InputError("--people goes with neither a name nor --set-aside; --json lists what is refused and why")
        add_people(people, settings, aligned=options.aligned, force=options.force, source=source, as_json=as_json)
        return
    if name is None or not sources:
        raise InputError(_WHO)
    enrolled = _add_person(name, sources, settings, options, source)
    _report(enrolled, settings.gallery, as_json=as_json)
    if not all(map(os.path.lexists, sources)):
        raise typer.Exit(InputError.exit_code)


def _add_person(
    name: str, sources: list[Path], settings: "Settings", options: AddOptions, source: str | None
) -> "EnrolledPictures":
    from twinface.enrolment.one_person import check_places, enrol_pictures, find_pictures
    from twinface.gallery import PHOTOS, checked_name

    name = checked_name(name)
    check_places(sources, settings.gallery, options.aside)
    pictures = find_pictures(sources, warn)
    with progress_bar(f"adding {name}", len(pictures)) as bar:
        enrolled = enrol_pictures(
            name,
            pictures,
            settings,
            aligned=options.aligned,
            force=options.force,
            source=source or PHOTOS,
            aside=options.aside,
            advance=bar.advance,
        )
    for sentence in enrolled.warnings:
        warn(sentence)
    return enrolled


def _report(enrolled: "EnrolledPictures", gallery: Path, *, as_json: bool) -> None:
    """Say what was added and what was not, and why; an error where nothing could be used."""
    from twinface.enrolment.objections import force_helps
    from twinface.enrolment.set_aside import describe

    refused = enrolled.refused
    for one in enrolled.verdicts:
        if one.objection:
            warn_of(one.picture, one.objection, taken=one.is_usable(force=enrolled.forced))
    counts = {"name": enrolled.name, "gallery": str(gallery), "added": enrolled.added, "known": enrolled.known}
    if as_json:
        entries = [describe(one.picture, one.objection) for one in refused if one.objection]
        say_json("gallery add", {**counts, "set_aside": entries})
    if len(refused) == len(enrolled.verdicts):
        helps = not enrolled.forced and any(force_helps(one.objection) for one in refused)
        mend = "give one clear face each" + (", or use --force where they are right all the same" if helps else "")
        raise InputError(f"{enrolled.name} not added: {none_usable(len(refused), 'picture')}; {mend}")
    if not as_json:
        line = f"{plural(enrolled.added, 'picture')} added, {enrolled.known} known already, {len(refused)} set aside"
        say(f"{enrolled.name}: {line}: {gallery}")
