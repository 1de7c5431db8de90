"""`twinface gallery`: who is known."""

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from twinface.cli.console import progress_bar, warn
from twinface.errors import ArtefactError, InputError
from twinface.gallery import Gallery, checked_name
from twinface.settings import load_settings

app = typer.Typer(help="Who is known: add people, list, rename and remove them.", no_args_is_help=True)

GalleryOption = Annotated[
    Path | None, typer.Option("--gallery", help="Folder of the gallery. [default: as configured]")
]
NetworkOption = Annotated[
    str | None, typer.Option("--network", help="Network: a name or a folder. [default: as configured]")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The person's name, any letters.")]


@app.command()
def add(
    name: NameArgument,
    sources: Annotated[list[Path], typer.Argument(metavar="IMAGE_OR_DIR...", help="Pictures, or folders of them.")],
    gallery: GalleryOption = None,
    network: NetworkOption = None,
    aligned: Annotated[bool, typer.Option("--aligned", help="The pictures are aligned crops: no detection.")] = False,
) -> None:
    """Add pictures of a person, who may be known already; each picture shows one face."""
    from twinface.faces import list_pictures, pick_enrolment_face
    from twinface.networks import find_recipe
    from twinface.recognition.embedding import EmbeddedFace
    from twinface.recognition.extraction import Embedder, to_person

    name = checked_name(name)
    folder, network = gallery or load_settings().gallery, network or load_settings().network
    recipe = find_recipe(network)
    opened = Gallery.open(folder, network=recipe.fingerprint, network_name=recipe.name, create=True)
    pictures = [path for source in sources for path in (list_pictures(source) if source.is_dir() else [source])]
    usable: list[tuple[str, EmbeddedFace]] = []
    embedder = Embedder(network, aligned=aligned, pick=pick_enrolment_face)
    with embedder, progress_bar(f"adding {name}", len(pictures)) as bar:
        for path, result in embedder.embed_files(pictures):
            bar.advance()
            if isinstance(result, EmbeddedFace):
                usable.append((str(path.absolute()), result))
            else:
                warn(result if str(path) in str(result) else f"{path}: {result}")
    if not usable:
        raise InputError(f"{name} not added: none of {len(pictures)} pictures could be used; give one clear face each")
    person = to_person(name, usable, recipe.fingerprint)
    added = opened.add(name, person.files, person.vectors, person.quality)
    known, skipped = len(usable) - added, len(pictures) - len(usable)
    typer.echo(f"{name}: {added} pictures added, {known} known already, {skipped} skipped: {folder}")


@app.command("list")
def list_people(gallery: GalleryOption = None, as_json: JsonOption = False) -> None:
    """Show everybody and how many pictures there are of each."""
    opened = _open(gallery)
    if as_json:
        people = [{"name": name, "pictures": len(person.files)} for name, person in opened.people.items()]
        about = {"gallery": str(opened.folder), "version": opened.version, "network_name": opened.network_name}
        typer.echo(json.dumps({**about, "network": opened.network, "people": people}, indent=2, ensure_ascii=False))
        return
    for name, person in opened.people.items():
        typer.echo(f"{len(person.files):6}  {name}")
    if not opened.people:
        typer.echo("nobody yet; add people with `twinface gallery add NAME PICTURE`", err=True)


@app.command()
def remove(name: NameArgument, gallery: GalleryOption = None) -> None:
    """Forget a person's vectors."""
    opened = _open(gallery)
    opened.remove(name)
    typer.echo(f"{name} removed: {opened.folder}")


@app.command()
def rename(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The name until now.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The name from now on; nobody may have it.")],
    gallery: GalleryOption = None,
) -> None:
    """Give a person another name."""
    opened = _open(gallery)
    opened.rename(old, new)
    typer.echo(f"{old} is {new} now: {opened.folder}")


@app.command()
def verify(gallery: GalleryOption = None, as_json: JsonOption = False) -> None:
    """Check the signature, network and content of every file; exit code 1 when one is damaged."""
    opened = _open(gallery, complain=False)
    problems = [str(error) for error in opened.damaged.values()]
    vectors = sum(len(person.files) for person in opened.people.values())
    if as_json:
        about = {"gallery": str(opened.folder), "version": opened.version, "network_name": opened.network_name}
        counts = {"people": len(opened.people), "vectors": vectors, "sound": not problems, "problems": problems}
        typer.echo(json.dumps({**about, "network": opened.network, **counts}, indent=2, ensure_ascii=False))
    else:
        for problem in problems:
            warn(problem)
        state = f"{len(problems)} damaged" if problems else "sound"
        typer.echo(f"{len(opened.people)} people, {vectors} vectors, {state}: {opened.folder}")
    if problems:
        raise typer.Exit(1)


@app.command("import-pickles")
def import_pickles(
    pickles: Annotated[Path, typer.Argument(metavar="DIR", help="One pickled (n, d) float array for each person.")],
    gallery: GalleryOption = None,
    network: NetworkOption = None,
) -> None:
    """Take over features that the original scripts pickled; nothing in the pickles is run.

    --network is the one they were made with: pickles do not say.
    """
    from twinface.gallery.foreign import find_foreign_people, read_foreign_vectors
    from twinface.networks import find_recipe

    folder, recipe = gallery or load_settings().gallery, find_recipe(network or load_settings().network)
    people = find_foreign_people(pickles)
    opened = Gallery.open(folder, network=recipe.fingerprint, network_name=recipe.name, create=True)
    files = [(name, path) for name, paths in people.items() for path in paths]
    imported: set[str] = set()
    with progress_bar("importing", len(files)) as bar:
        for name, path in files:
            bar.advance()
            try:
                vectors = read_foreign_vectors(path)
                if vectors.shape[1] != recipe.dimension:
                    raise ArtefactError(
                        f"{path}: vectors of {vectors.shape[1]} numbers, {recipe.name} makes {recipe.dimension}; "
                        "name the network they were made with by --network"
                    )
                numbered = [f"{path.absolute()}#{row}" for row in range(len(vectors))]
                opened.add(name, numbered, vectors, np.ones(len(vectors), np.float32))
            except (ArtefactError, InputError) as error:
                warn(error)
            else:
                imported.add(name)
    if not imported:
        raise InputError(f"{pickles}: none of {len(files)} pickles could be imported; see the warnings")
    typer.echo(f"{len(imported)} people imported, {len(people) - len(imported)} skipped: {folder}")


def _open(folder: Path | None, *, complain: bool = True) -> Gallery:
    opened = Gallery.open(folder or load_settings().gallery)
    if complain:
        for error in opened.damaged.values():
            warn(error)
    return opened
