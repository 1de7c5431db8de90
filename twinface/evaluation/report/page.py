"""An evaluation as one page that needs nothing else, and its plots as files beside it."""

from html import escape
from pathlib import Path

from twinface.errors import InputError
from twinface.evaluation.differentials.group_plots import group_plots
from twinface.evaluation.differentials.group_report import group_sections
from twinface.evaluation.differentials.group_results import GroupsEvaluation
from twinface.evaluation.figures.results import FeaturesEvaluation, PairsEvaluation, Verification
from twinface.evaluation.figures.scored_pairs import worst_pairs
from twinface.evaluation.figures.verification import sort_by_kind
from twinface.evaluation.report.contact_sheet import contact_sheet
from twinface.evaluation.report.frame import figures, header, page
from twinface.evaluation.report.parts import (
    face_pair,
    figures_table,
    identification_notes,
    identification_section,
    key_figures,
    notes,
    table,
    verification_notes,
)
from twinface.evaluation.report.plots import LIGHT, Plot, identification_plot, render, verification_plots
from twinface.evaluation.report.thumbnails import Thumbnails
from twinface.evaluation.report.wording import describe_subject, percent, plural, score_text
from twinface.files import require_new, write_atomically

REPORT_FILE = "report.html"

_WORST = 12


def write_report(
    folder: Path, done: PairsEvaluation | FeaturesEvaluation | GroupsEvaluation, *, force: bool = False
) -> None:
    """Write report.html and a PNG of each plot to a folder; where the pictures are, a sheet of the worst errors too.

    Raises InputError when the folder cannot be written, or one of the files is there and there is no `force`.
    """
    plots = group_plots(done) if isinstance(done, GroupsEvaluation) else _plots(done)
    files = {f"{plot.name}.png": render(plot, LIGHT) for plot in plots}
    if isinstance(done, GroupsEvaluation):
        sections = group_sections(done, plots, files)
    else:
        thumbnails = Thumbnails()
        sheet = contact_sheet(done, thumbnails, _WORST)
        if sheet is not None:
            files["worst_errors.png"] = sheet
        sections = _sections(done, plots, files, thumbnails)
    files[REPORT_FILE] = page(describe_subject(done.subject), sections).encode("utf-8", "replace")
    if not force:
        for name in files:
            require_new(folder / name, "name another folder, or overwrite it with --force")
    try:
        for name, content in files.items():
            write_atomically(folder / name, content)
    except OSError as error:
        raise InputError(f"--plots {folder}: cannot be written ({error.strerror}); name another folder") from error


def _verifications(done: PairsEvaluation | FeaturesEvaluation) -> tuple[Verification, ...]:
    return (done.verification,) if isinstance(done, PairsEvaluation) else done.verifications


def _plots(done: PairsEvaluation | FeaturesEvaluation) -> list[Plot]:
    threshold = float(done.folded.thresholds.mean()) if isinstance(done, PairsEvaluation) else None
    plots = verification_plots(_verifications(done), done.subject.metric, threshold)
    if isinstance(done, FeaturesEvaluation) and done.identification:
        pairs = done.identification.searches.as_pairs()
        plots.append(identification_plot(sort_by_kind(pairs.scores, pairs.same)))
    return plots


def _sections(
    done: PairsEvaluation | FeaturesEvaluation, plots: list[Plot], files: dict[str, bytes], thumbnails: Thumbnails
) -> list[str]:
    sections = [
        header(describe_subject(done.subject), _about(done)),
        key_figures(done),
        "<h2>Verification</h2>",
        f'<p class="lead">{escape(_left_out(done))}Small: 95 % intervals.</p>',
        figures_table(_verifications(done)),
    ]
    if isinstance(done, PairsEvaluation):
        sections.append(_folds(done))
    sections += ["<h2>Curves</h2>", figures(plots, files)]
    if isinstance(done, FeaturesEvaluation) and done.identification:
        sections.append(identification_section(done, done.identification))
    sections.append(_worst(done, thumbnails))
    lines = verification_notes(done)
    if isinstance(done, FeaturesEvaluation) and done.identification:
        lines += identification_notes(done.identification)
    return [*sections, "<h2>How these figures are made</h2>", notes(lines)]


def _about(done: PairsEvaluation | FeaturesEvaluation) -> str:
    if isinstance(done, PairsEvaluation):
        figures = done.verification.figures
        return (
            f"{done.verification.title}: {plural(figures.genuine_pairs, 'pair')} of the same person and"
            f" {figures.impostor_pairs:,} of different people, who are {done.verification.people:,} in all."
        )
    chosen = {"validation": "the fixed validation split", "all": "everybody in the folder"}
    return (
        f"{plural(len(done.people), 'person', 'people')} with {plural(len(done.files), 'picture')},"
        f" {chosen.get(done.chosen, done.chosen)}."
    )


def _left_out(done: PairsEvaluation | FeaturesEvaluation) -> str:
    parts = []
    if isinstance(done, PairsEvaluation) and done.undetected:
        parts.append(
            f"{plural(done.undetected, 'pair')} decided different, as no face was found in"
            f" {plural(done.undetected_pictures, 'picture')}. "
        )
    if done.left_out:
        kind = ("pair", "pairs") if isinstance(done, PairsEvaluation) else ("person", "people")
        parts.append(f"{plural(done.left_out, *kind)} left out, since the head was trained on them. ")
    return "".join(parts)


def _folds(done: PairsEvaluation) -> str:
    folded = done.folded
    rows = [
        [str(number), percent(accuracy), score_text(threshold)]
        for number, (accuracy, threshold) in enumerate(zip(folded.accuracies, folded.thresholds, strict=True), start=1)
    ]
    columns = ["fold", "accuracy", "threshold of the others"]
    return f'<details class="card"><summary>Each fold</summary>{table(columns, rows)}</details>'


def _worst(done: PairsEvaluation | FeaturesEvaluation, thumbnails: Thumbnails) -> str:
    pairs = _verifications(done)[0].pairs
    parts = []
    for same, heading in ((False, "Different people who look alike"), (True, "One person in unlike pictures")):
        found = worst_pairs(pairs, _WORST, same=same)
        cards = "".join(face_pair(done, pair.first, pair.second, score_text(pair.score), thumbnails) for pair in found)
        parts.append(f'<h2>{heading}</h2><div class="worst">{cards}</div>')
    return "".join(parts)
