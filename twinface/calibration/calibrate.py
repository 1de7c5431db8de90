"""A gallery calibrated as `twinface calibrate` does it: what is expected in it, or a threshold by its own people."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from twinface.calibration.by_people import (
    CalibrationReport,
    Shortfall,
    ShortfallError,
    calibrate_gallery,
    learnt_by,
    read_strangers,
)
from twinface.calibration.expected import StrangersExpected, expect_strangers
from twinface.corrections.audit_file import note
from twinface.errors import ArtefactError, InputError
from twinface.gallery.gallery import Gallery
from twinface.matching.head import Head
from twinface.matching.head_folder import (
    add_calibration,
    built_in_head,
    head_file,
    head_in_use,
    require_free,
    write_built_in_head,
)
from twinface.matching.head_spec import DecisionCalibration
from twinface.matching.open_head import open_head
from twinface.matching.threshold import Threshold, stands_for
from twinface.networks.registry import name_network
from twinface.progress import ShowProgress, no_progress
from twinface.recognition.averaging import averages_for
from twinface.recognition.known import Known
from twinface.settings import MatchingSettings, Settings
from twinface.sharing.shared_heads import read_head_files, share_head


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to calibrate, and how: None is as configured.

    `far`, `impostors` (a features folder of other people) or `output` (a folder for the bundled head and its
    thresholds) ask for a threshold by people. `strangers_named` is a share, 0 to 1, for the other way.
    """

    gallery: Path | None = None
    head: Path | None = None
    far: float | None = None
    impostors: Path | None = None
    strangers_named: float | None = None
    output: Path | None = None

    @property
    def by_people(self) -> bool:
        """Whether a threshold by people is asked for."""
        return not (self.far is None and self.impostors is None and self.output is None)


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected in the gallery; nothing is stored. `learnt` are people of it whom the head was trained on."""

    gallery: Path
    head: Path | None
    learnt: tuple[str, ...]
    found: StrangersExpected


@dataclass(frozen=True, slots=True)
class Calibrated:
    """Thresholds by people. `left_out` of the impostors are in the gallery; `stored` is the head that has them now.

    `is_in_use` tells whether that head decides already, `replaces_share` that they take the place of strangers_named.
    """

    gallery: Path
    head: Path | None
    rate: float
    learnt: tuple[str, ...]
    left_out: tuple[str, ...]
    report: CalibrationReport
    stored: Path | None
    is_in_use: bool
    replaces_share: bool


class TooFewPeopleError(InputError):
    """These people cannot show the rate: what they can, and the threshold that stays `in_force`, with its `meaning`."""

    def __init__(self, opened: "_Opened", shortfall: Shortfall, in_use: Head, in_force: Threshold) -> None:
        without = "call `twinface calibrate` without --far and --impostors, which needs neither"
        trained = "train a head that knows strangers with `twinface train --strangers`"
        super().__init__(f"{shortfall}, or {without if in_use.tail is not None else trained}")
        self.gallery, self.head = opened.gallery.folder, opened.head
        self.shortfall, self.in_force = shortfall, in_force
        self.meaning = stands_for(in_force.value, in_use.spec)


@dataclass(frozen=True, slots=True)
class _Opened:
    """The gallery, the head to calibrate, None of the bundled one, and the folder of the head in use."""

    gallery: Gallery
    head: Path | None
    loaded: Head
    in_use: Path | None

    def learnt(self, others: Iterable[str] = ()) -> tuple[str, ...]:
        """Those of the gallery's people and `others` whom the head was trained on."""
        folder = self.head or built_in_head(self.gallery.network)
        return tuple(learnt_by(folder, (*self.gallery.people, *others))) if folder else ()


def calibrate(
    settings: Settings,
    wanted: Wanted,
    *,
    on_damaged: Callable[[Exception], None] = lambda _error: None,
    show: ShowProgress = no_progress,
) -> Expected | Calibrated:
    """What is expected, where the head knows strangers and no more is `wanted`; else thresholds, which are stored.

    `on_damaged` is given each person who cannot be read. Raises InputError for what makes no sense together,
    TooFewPeopleError, and ArtefactError for a gallery without people, or a head or features that cannot be read.
    """
    rate = settings.matching.false_accept_rate if wanted.far is None else wanted.far
    head = wanted.head or settings.head
    _check(rate, settings.matching, head, wanted)
    gallery = _open_gallery(wanted.gallery or settings.gallery, on_damaged)
    in_use = head_in_use(settings.head, gallery.folder, gallery.network)
    if wanted.output is None:
        head = head or in_use
    before = head_file(head) if head else b""
    opened = _Opened(gallery, head, open_head(head, gallery.network, settings.matching).head, in_use)
    if wanted.strangers_named is not None or (opened.loaded.tail is not None and not wanted.by_people):
        with show("comparing", sum(len(one.files) for one in gallery.people.values())) as bar:
            found = expect_strangers(
                gallery,
                opened.loaded,
                settings.matching,
                wanted.strangers_named,
                averages=averages_for(opened.loaded, settings, gallery),
                advance=bar.advance,
            )
        return Expected(gallery.folder, head, opened.learnt(), found)
    return _by_people(opened, before, settings, wanted, rate, show=show)


def _by_people(
    opened: _Opened, before: bytes, settings: Settings, wanted: Wanted, rate: float, *, show: ShowProgress
) -> Calibrated:
    gallery, matching = opened.gallery, settings.matching
    if wanted.output is not None:
        require_free(wanted.output, gallery.network)
    strangers, left_out = read_strangers(wanted.impostors, gallery) if wanted.impostors else ([], [])
    averages = averages_for(opened.loaded, settings, gallery)
    pictures = sum(len(person.vectors) for person in (*gallery.people.values(), *strangers))
    try:
        with show("comparing", pictures) as bar:
            report = calibrate_gallery(
                gallery, strangers, opened.loaded, matching, rate, averages=averages, advance=bar.advance
            )
    except ShortfallError as error:
        in_use = open_head(opened.in_use, gallery.network, matching).head
        raise TooFewPeopleError(opened, error.shortfall, in_use, _in_force(gallery, in_use, settings)) from error
    stored = _store(report.calibration(matching), opened, before, wanted.output, settings)
    if stored is not None:
        note(gallery.folder, "calibrate", f"thresholds for one false accept in {1 / rate:,.0f} are in the head")
    return Calibrated(
        gallery=gallery.folder,
        head=opened.head,
        rate=rate,
        learnt=opened.learnt(one.name for one in strangers),
        left_out=tuple(left_out),
        report=report,
        stored=stored,
        is_in_use=stored == opened.in_use,
        replaces_share=stored is not None and opened.loaded.tail is not None,
    )


def _check(rate: float, matching: MatchingSettings, head: Path | None, wanted: Wanted) -> None:
    if not 0 < rate < 1:
        raise InputError(f"--far {rate:g}: expected a rate between 0 and 1, such as 0.001")
    if matching.rule == "vote":
        raise InputError('the rule "vote" has no threshold, but a vote_share; set rule = "template" in [matching]')
    if head is not None and wanted.output is not None:
        raise InputError(f"--output is for the built-in head; leave it out: thresholds are stored in {head} itself")
    if wanted.by_people and wanted.strangers_named is not None:
        raise InputError("--strangers-named is for `twinface calibrate` without --far, --impostors and --output")


def _open_gallery(folder: Path, on_damaged: Callable[[Exception], None]) -> Gallery:
    gallery = Gallery.open(folder)
    for error in gallery.damaged.values():
        on_damaged(error)
    if not gallery.people:
        raise ArtefactError(f"{folder}: nobody is in this gallery; add people with `twinface gallery add`")
    return gallery


def _in_force(gallery: Gallery, in_use: Head, settings: Settings) -> Threshold:
    averages = averages_for(in_use, settings, gallery)
    return Known().updated(gallery, in_use, settings.matching, averages).threshold(in_use, settings.matching)


def _store(
    calibration: DecisionCalibration, opened: _Opened, before: bytes, output: Path | None, settings: Settings
) -> Path | None:
    """Write the thresholds into the head, or the bundled one to `output`; returns where they are. The head that boxes
    share has them at all of them.
    """
    if (head := opened.head) is not None:
        add_calibration(
            head, calibration, before, lambda new: share_head(settings, head, {**read_head_files(head), **new})
        )
    elif output is not None:
        gallery = opened.gallery
        name = gallery.network_name or name_network(gallery.network)
        write_built_in_head(output, gallery.network, name, calibration)
    return opened.head or output
