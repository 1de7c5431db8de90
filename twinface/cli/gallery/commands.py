"""`twinface gallery`: who is known."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twinface.cli.configuration import App, chosen_settings
from twinface.cli.console import note, progress_bar, say, say_json, warn
from twinface.cli.gallery import backup, many_people, upkeep
from twinface.cli.gallery.gate import ForceOption, warn_of
from twinface.cli.options import GalleryOption, JsonOption, NetworkOption, SourceOption, describe
from twinface.errors import InputError
from twinface.gallery import PHOTOS, Gallery, checked_name, checked_source
from twinface.gallery.sources import count_sources
from twinface.settings import Settings

if TYPE_CHECKING:
    from twinface.enrolment.one_person import EnrolledPictures

app = App(help="Who is known: add people, list, rename and remove them, look after them.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The person's name, any letters.")]
_WHO = "name a person and their pictures, or a folder of many people with --people"


@app.command()
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
    gallery: GalleryOption = None,
    network: NetworkOption = None,
    aligned: Annotated[bool, typer.Option("--aligned", help="The pictures are aligned crops: no detection.")] = False,
    force: ForceOption = False,
    aside: Annotated[
        Path | None,
        typer.Option(
            "--set-aside",
            help="Folder for copies of the pictures that are not added, with the reasons in reasons.json.",
        ),
    ] = None,
    source: SourceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add pictures of a person, who may be known already; each picture shows one face.

    A picture that is no good example of the person is not added, and the reason is said in a word and a sentence:
    unreadable, no_face, or one of those that --force lists. It stays where it is.

    With --people everybody is added one after the other. One bad person costs only themselves, Ctrl-C leaves who was
    added, and the same command again adds what is new. Of features only what vectors tell is checked; they keep their
    source unless --source says another.
    """
    from twinface.recognition.identification import choose_settings

    source = None if source is None else checked_source(source)
    if people is not None:
        if name is not None or aside is not None:
            raise InputError("--people goes with neither a name nor --set-aside; --json lists what is refused and why")
        settings = choose_settings(chosen_settings(), network, None, gallery)
        many_people.add_people(people, settings, aligned=aligned, force=force, source=source, as_json=as_json)
        return
    if name is None or not sources:
        raise InputError(_WHO)
    _add_person(
        name,
        sources,
        gallery,
        network,
        aligned=aligned,
        force=force,
        aside=aside,
        source=source or PHOTOS,
        as_json=as_json,
    )


def _add_person(
    name: str,
    sources: list[Path],
    gallery: Path | None,
    network: str | None,
    *,
    aligned: bool,
    force: bool,
    aside: Path | None,
    source: str,
    as_json: bool,
) -> None:
    from twinface.enrolment.one_person import check_places, enrol_pictures, find_pictures
    from twinface.recognition.identification import choose_settings

    settings = choose_settings(chosen_settings(), network, None, gallery)
    name = checked_name(name)
    check_places(sources, settings.gallery, aside)
    pictures = find_pictures(sources, warn)
    with progress_bar(f"adding {name}", len(pictures)) as bar:
        enrolled = enrol_pictures(
            name, pictures, settings, aligned=aligned, force=force, source=source, aside=aside, advance=bar.advance
        )
    for sentence in enrolled.warnings:
        warn(sentence)
    _report(enrolled, settings.gallery, as_json=as_json)


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
        say_json({**counts, "set_aside": entries})
    if len(refused) == len(enrolled.verdicts):
        helps = not enrolled.forced and any(force_helps(one.objection) for one in refused)
        mend = "give one clear face each" + (", or use --force where they are right all the same" if helps else "")
        raise InputError(f"{enrolled.name} not added: none of {len(refused)} pictures could be used; {mend}")
    if not as_json:
        line = f"{enrolled.added} pictures added, {enrolled.known} known already, {len(refused)} set aside"
        say(f"{enrolled.name}: {line}: {gallery}")


@app.command("list")
def list_people(gallery: GalleryOption = None, as_json: JsonOption = False) -> None:
    """Show everybody: how many pictures, how good these are on average (0 to 1), whether crops are kept, and how many
    are from where, if not all are photos.
    """
    opened = _open(gallery)
    people: list[dict[str, Any]] = [
        {
            "name": name,
            "pictures": len(person.files),
            "quality": round(float(person.quality.mean()), 3),
            "crops": opened.keeps_crops(name),
            "sources": count_sources(person.sources),
        }
        for name, person in opened.people.items()
    ]
    if as_json:
        say_json({**describe(opened), "people": people})
        return
    for one in people:
        crops = "crops" if one["crops"] else ""
        sources = ", ".join(f"{count} {source}" for source, count in one["sources"].items())
        where = "" if one["sources"].keys() == {PHOTOS} else f"  ({sources})"
        say(f"{one['pictures']:6}  {one['quality']:.2f}  {crops:5}  {one['name']}{where}")
    if not people:
        note("nobody yet; add people with `twinface gallery add NAME PICTURE`")


@app.command()
def remove(name: NameArgument, gallery: GalleryOption = None) -> None:
    """Remove a person's vectors and crops; `twinface undo` brings them back.

    `twinface forget` erases them for good, and what is known of them elsewhere.
    """
    from twinface.review.rename import remove as remove_person

    opened = _open(gallery)
    remove_person(_settings_for(opened), name)
    say(f"{name} removed: {opened.folder}")


@app.command()
def rename(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The name until now.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The name from now on.")],
    *,
    merge: Annotated[bool, typer.Option("--merge", help="NEW is there already, and the same person.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Merge also two who do not look like one person, or cannot be compared.")
    ] = False,
    gallery: GalleryOption = None,
) -> None:
    """Give a person another name, or with --merge put two together who are one, if they look like one."""
    from twinface.review.rename import rename as rename_person

    opened = _open(gallery)
    renamed = rename_person(_settings_for(opened), old, new, merge=merge, force=force)
    if renamed.unchecked:
        warn(f"not checked whether {renamed.old} and {renamed.new} look like one person: {renamed.unchecked}")
    say(f"{renamed.old} is {renamed.new} now: {opened.folder}")


@app.command("import-pickles")
def import_pickles(
    pickles: Annotated[Path, typer.Argument(metavar="DIR", help="One pickled (n, d) float array for each person.")],
    gallery: GalleryOption = None,
    network: NetworkOption = None,
) -> None:
    """Take over features that the original scripts pickled; nothing in the pickles is run.

    --network is the one they were made with: pickles do not say.
    """
    from twinface.enrolment.from_pickles import import_pickles as import_into_gallery
    from twinface.recognition.identification import choose_settings

    settings = choose_settings(chosen_settings(), network, None, gallery)
    done = import_into_gallery(pickles, settings, warn=warn, show=progress_bar)
    say(f"{len(done.imported)} people imported, {len(done.skipped)} skipped: {done.gallery}")


def _settings_for(gallery: Gallery) -> Settings:
    """The settings in force, for this gallery."""
    return chosen_settings().model_copy(update={"gallery": gallery.folder})


def _open(folder: Path | None, *, complain: bool = True) -> Gallery:
    opened = Gallery.open(folder or chosen_settings().gallery)
    if complain:
        for error in opened.damaged.values():
            warn(error)
    return opened


app.command("verify")(upkeep.verify)
app.command("rebuild")(upkeep.rebuild)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
