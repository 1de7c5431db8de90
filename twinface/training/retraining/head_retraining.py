"""Retraining from beginning to end: learn, measure, and publish what is not worse."""

from dataclasses import asdict, replace
from pathlib import Path

from twinface.corrections.correction import CorrectionKind
from twinface.errors import ArtefactError
from twinface.files import only_writer
from twinface.gallery.gallery import Gallery
from twinface.gallery.gallery_folder import require_gallery
from twinface.matching.head_folder import add_about, head_file, head_place, holds_head, read_spec
from twinface.matching.open_head import load_head
from twinface.networks.registry import find_recipe
from twinface.progress import Say
from twinface.settings import Settings
from twinface.training.heads.head_files import check_head_output
from twinface.training.heads.head_training import TrainOptions
from twinface.training.publishing import draft_of, put_in_place
from twinface.training.retraining.judging import too_few
from twinface.training.retraining.material import Material, gather_lessons
from twinface.training.retraining.previous_head import keep_previous
from twinface.training.retraining.retraining_report import BUNDLED, FEW_PEOPLE, FEWEST_PEOPLE, RetrainReport
from twinface.training.retraining.train_folds import RETRAINED, START, are_alike, learn_all, start_of
from twinface.training.retraining.verdict import judge


def retrain(settings: Settings, options: TrainOptions, features: Path | None, say: Say) -> RetrainReport:
    """Learn a head from the gallery, corrections and features of others, and publish it where it is not worse.

    It starts from what the present head, or the bundled one, had started from: nobody is trained on twice. What
    stands at its place until then is kept as the one before. Raises ArtefactError and its kin for what cannot be read,
    when the head has changed meanwhile, and when it cannot be written; all is then as it was.
    """
    options.check()
    network = find_recipe(settings.network).fingerprint
    place = head_place(settings.head, settings.gallery, network)
    check_head_output(place, [features])
    present = place if holds_head(place) else None
    before = head_file(present) if present else b""
    gallery = Gallery.open(settings.gallery, network=network)
    if settings.head is None:
        require_gallery(gallery.folder)
    say("reading gallery and corrections")
    lessons = gather_lessons(gallery, features)
    material, table = Material(settings, gallery, lessons), lessons.table
    kinds = [one.kind for one in lessons.corrections]
    report = RetrainReport(
        head=str(place),
        present=str(present) if present else BUNDLED,
        people=len(table.names),
        pictures=len(table.vectors),
        confirmed=kinds.count(CorrectionKind.CONFIRM),
        rejected=kinds.count(CorrectionKind.REJECT),
    )
    start, measurable = start_of(present, network, options), int((table.counts > 1).sum())
    needed = FEW_PEOPLE if start and load_head(start, network).cohort else FEWEST_PEOPLE
    report = replace(report, measurable_needed=needed)
    if measurable < needed:
        return replace(report, measurable=measurable, reasons=(too_few(measurable, needed=needed),))
    with draft_of(place) as draft:
        learn_all(material, start, draft, options, say)
        if present is not None and are_alike(present, draft):
            return replace(report, reasons=("there is nothing new to learn from: it would be the head that is there",))
        say("comparing with the present head")
        report = judge(material, report, start, draft, options.seed)
        if report.published:
            _write_figures(draft, report)
            with only_writer(place):
                if (head_file(present) if present else b"") != before:
                    raise ArtefactError(f"{place}: the head has changed meanwhile; retrain again")
                keep_previous(draft, present, network, gallery.network_name)
                put_in_place(draft, place)
    return report


def _write_figures(draft: Path, report: RetrainReport) -> None:
    measured = asdict(report.measured) if report.measured else {}
    thresholds = measured.get("new", {}).get("thresholds", {})
    if report.measured and report.measured.strangers:
        # Drawn strangers are less alike than people are: what the head it started from has stays true.
        thresholds = read_spec(draft / START).thresholds
    corrected = {"confirmed": report.confirmed, "rejected": report.rejected}
    add_about(draft, {RETRAINED: corrected, "thresholds": thresholds, "validation": measured})
