"""Features that the original scripts pickled, taken over into a gallery as a step that can be taken back."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twinface.corrections.audit_file import user_name
from twinface.corrections.recording import Change, recorded
from twinface.corrections.steps_file import StepKind
from twinface.errors import ArtefactError, InputError
from twinface.gallery.foreign import find_foreign_people, read_foreign_vectors
from twinface.gallery.gallery import Gallery
from twinface.networks.recipe import NetworkRecipe
from twinface.networks.registry import find_recipe
from twinface.outputs import refuse_inputs
from twinface.progress import ShowProgress, no_progress
from twinface.settings import Settings
from twinface.text import none_usable, plural


@dataclass(frozen=True, slots=True)
class ImportedPickles:
    """Names of those who were `imported` into the gallery in the folder `gallery`, and of those who were `skipped`."""

    gallery: Path
    imported: tuple[str, ...]
    skipped: tuple[str, ...]


def import_pickles(
    pickles: Path,
    settings: Settings,
    *,
    who: str | None = None,
    warn: Callable[[str], object] = lambda _problem: None,
    show: ShowProgress = no_progress,
) -> ImportedPickles:
    """Add everybody of a folder of pickles, a float array (n, d) each, to the gallery of the settings.

    The vectors are taken for those of the network of the settings, since pickles do not say; the gallery is made if
    need be. Nothing in the pickles is run. `warn` is called with what is wrong with each that cannot be taken over.
    Raises InputError where there are none, or none can be, ArtefactError when the gallery cannot be used or written.
    """
    folder, recipe = settings.gallery, find_recipe(settings.network)
    refuse_inputs(folder, [pickles], "name another folder with --gallery")
    people = find_foreign_people(pickles)
    gallery = Gallery.open(folder, network=recipe.fingerprint, network_name=recipe.name, create=True)
    files = [(name, path) for name, paths in people.items() for path in paths]
    imported: dict[str, None] = {}
    change = Change(StepKind.ADD, _describe(len(people)), tuple(people), who or user_name())
    with recorded(change, settings) as step, show("importing", len(files)) as bar:
        for name, path in files:
            bar.advance()
            try:
                _add(gallery, name, path, recipe)
            except (ArtefactError, InputError) as error:
                warn(str(error))
            else:
                imported[name] = None
                step.said = _describe(len(imported))
    if not imported:
        raise InputError(f"{pickles}: {none_usable(len(files), 'pickle')}; see the warnings")
    return ImportedPickles(folder, tuple(imported), tuple(name for name in people if name not in imported))


def _describe(people: int) -> str:
    return f"pickles of {plural(people, 'person')} imported"


def _add(gallery: Gallery, name: str, path: Path, recipe: NetworkRecipe) -> None:
    vectors = read_foreign_vectors(path)
    if vectors.shape[1] != recipe.dimension:
        raise ArtefactError(
            f"{path}: vectors of {vectors.shape[1]} numbers, {recipe.name} makes {recipe.dimension}; "
            "name the network they were made with by --network"
        )
    numbered = [f"{path.absolute()}#{row}" for row in range(len(vectors))]
    gallery.add(name, numbered, vectors, np.ones(len(vectors), np.float32))
