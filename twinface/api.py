"""What `import twinface` offers: the things that commands do, for programs.

Each function finds configuration, gallery, network and head as the commands do, unless given: `config` is a file,
`gallery` and `head` are folders, `network` is a name or a folder. Errors are those of `twinface.errors`.
"""

from collections.abc import Iterable
from dataclasses import replace
from os import PathLike
from pathlib import Path

from twinface.box.following import MatchFollower
from twinface.box.running import choose_config, choose_run_path
from twinface.bus.rundir import RunDirectory
from twinface.enrolment.one_person import EnrolledPictures, check_places, enrol_pictures, find_pictures
from twinface.errors import InputError
from twinface.evaluation.figures.results import FeaturesEvaluation
from twinface.evaluation.protocols.on_features import evaluate_features
from twinface.gallery import PHOTOS, Gallery
from twinface.recognition.identification import IdentifiedPicture, Identifier, choose_settings
from twinface.settings import Settings
from twinface.settings_file import load_settings as read_settings
from twinface.types import Image

AnyPath = str | PathLike[str]


def load_settings(config: AnyPath | None = None) -> Settings:
    """Every setting in force, checked; `events_path` and others say where things lie.

    Raises SettingsError with file, line and mend, InputError where several boxes run and none is named.
    """
    return _chosen(config)[1]


def open_gallery(gallery: AnyPath | None = None, *, config: AnyPath | None = None) -> Gallery:
    """The gallery in a folder; its `people` are PersonVectors by name, its `damaged` files are left out.

    Raises ArtefactError and its kin when there is none, or it is damaged as a whole.
    """
    return Gallery.open(_settings(config, gallery=gallery).gallery)


def open_identifier(
    *,
    gallery: AnyPath | None = None,
    network: str | None = None,
    head: AnyPath | None = None,
    threshold: float | None = None,
    config: AnyPath | None = None,
) -> Identifier:
    """What names the faces of any number of pictures; `threshold`, 0…1, is the score that gives a name.

    Raises as `Identifier` does, and InputError for another threshold.
    """
    return Identifier(_settings(config, gallery=gallery, network=network, head=head, threshold=threshold))


def identify(
    picture: Image | AnyPath,
    *,
    gallery: AnyPath | None = None,
    network: str | None = None,
    head: AnyPath | None = None,
    threshold: float | None = None,
    config: AnyPath | None = None,
) -> IdentifiedPicture:
    """Who is in one picture, a file or an array, uint8 (height, width, 3) BGR.

    For many pictures `open_identifier` is quicker: it loads the network once. Raises as `Identifier` does, and
    InputError for what is no picture.
    """
    identifier = open_identifier(gallery=gallery, network=network, head=head, threshold=threshold, config=config)
    return identifier.identify(picture)


def enrol(
    name: str,
    pictures: AnyPath | Iterable[AnyPath],
    *,
    gallery: AnyPath | None = None,
    network: str | None = None,
    aligned: bool = False,
    force: bool = False,
    source: str = PHOTOS,
    config: AnyPath | None = None,
) -> EnrolledPictures:
    """Add pictures of a person, each of one face, to the gallery, which is made if need be.

    A folder stands for the pictures directly in it. A picture that the gate objects to is not added, unless `force` is
    set and it shows a face: see `refused` of the result. `aligned` pictures are crops already; `source` is where they
    come from, such as camera:door.
    Raises InputError for a name or folder that will not do and where there are no pictures, ArtefactError and its kin
    when network or gallery cannot be used.
    """
    settings = _settings(config, gallery=gallery, network=network)
    sources = [Path(pictures)] if isinstance(pictures, str | PathLike) else [Path(one) for one in pictures]
    check_places(sources, settings.gallery, None)
    left_out: list[str] = []
    found = find_pictures(sources, left_out.append)
    enrolled = enrol_pictures(name, found, settings, aligned=aligned, force=force, source=source)
    return replace(enrolled, warnings=(*left_out, *enrolled.warnings))


def follow(*, from_start: bool = False, config: AnyPath | None = None) -> MatchFollower:
    """The live matches of the running box: iterate over the result, in `with`, for each MatchEvent once, in order.

    It ends when all streams have ended. With `from_start` those that the matcher still keeps come first. Waits for a
    matcher that is just starting. Raises ServiceError when nothing runs, and while iterating when the box has stopped.
    """
    path, settings = _chosen(config)
    follower = MatchFollower(RunDirectory(choose_run_path(path, settings)))
    try:
        follower.begin(from_start=from_start)
    except BaseException:
        follower.close()
        raise
    return follower


def evaluate(
    features: AnyPath,
    *,
    head: AnyPath | None = None,
    metric: str = "cosine",
    people: str = "validation",
    network: str | None = None,
    seed: int = 0,
    config: AnyPath | None = None,
) -> FeaturesEvaluation:
    """How good a head is, or without one a `metric` ("cosine", "l1", or "head" for the bundled one), on features.

    `people` is "validation" (every fifth), "all", or a file with a name a line. The result has figures and 95 %
    intervals of all pairs in `verifications[0]`, of open-set searches in `identification`.
    Raises InputError and ArtefactError with their kin, as `evaluate_features` does.
    """
    matching = _settings(config).matching
    folder = None if head is None else Path(head)
    return evaluate_features(
        Path(features), head=folder, metric=metric, people=people, network=network, matching=matching, seed=seed
    )


def _chosen(config: AnyPath | None) -> tuple[Path, Settings]:
    path = choose_config(None if config is None else Path(config)).path
    return path, read_settings(path)


def _settings(
    config: AnyPath | None,
    *,
    gallery: AnyPath | None = None,
    network: str | None = None,
    head: AnyPath | None = None,
    threshold: float | None = None,
) -> Settings:
    """What the configuration says, but for what is named."""
    if threshold is not None and not 0 <= threshold <= 1:
        raise InputError(f"threshold {threshold:g}: expected 0 to 1")
    head_folder, gallery_folder = (None if one is None else Path(one) for one in (head, gallery))
    return choose_settings(load_settings(config), network, head_folder, gallery_folder, threshold)
