"""An evaluation as one page that needs nothing else, and its plots as files beside it."""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from twinface.errors import InputError, MissingExtraError
from twinface.evaluation.differentials.group_figures import GroupsEvaluation
from twinface.evaluation.differentials.group_plots import group_plots
from twinface.evaluation.differentials.group_report import group_values
from twinface.evaluation.figures.intervals import FEWEST_PEOPLE, ROUNDS
from twinface.evaluation.figures.open_set import DRAWS, GALLERY_PICTURES
from twinface.evaluation.figures.results import FeaturesEvaluation, Identification, PairsEvaluation, Verification
from twinface.evaluation.figures.verification import WorstPair, sort_by_kind, worst_pairs
from twinface.evaluation.report.page_parts import LIGHT, Cell, Key, Plot, draw_for_page, render, render_page
from twinface.evaluation.report.plots import identification_plot, verification_plots
from twinface.evaluation.report.thumbnails import SIDE_PX, Thumbnails, contact_sheet, picture_name, picture_path
from twinface.evaluation.report.wording import percent, percent_range, rate_text, score_text, share_range
from twinface.files import require_new, write_atomically

REPORT_FILE = "report.html"

_WORST = 12


@dataclass(frozen=True, slots=True)
class FacePair:
    """Two pictures by their names; `images` are data: URLs, none where the pictures are not known."""

    score: str
    names: tuple[str, ...]
    images: tuple[str | None, ...]


def verifications_of(done: PairsEvaluation | FeaturesEvaluation) -> tuple[Verification, ...]:
    """The sets of pairs, all pairs first."""
    return (done.verification,) if isinstance(done, PairsEvaluation) else done.verifications


def evaluation_values(
    done: PairsEvaluation | FeaturesEvaluation, thumbnails: Thumbnails, worst: int
) -> dict[str, object]:
    """The values of pairs.html or features.html, with the `worst` pairs of each kind."""
    verifications = verifications_of(done)
    rates = list(verifications[0].figures.accepted_at)
    kinds = ((False, "Different people who look alike"), (True, "One person in unlike pictures"))
    pairs = verifications[0].pairs
    values = {
        "verification": verifications[0],
        "key_figures": _key_figures(done, verifications[0]),
        "columns": [
            *("pairs", "people", "genuine pairs", "impostor pairs", "EER", "AUC"),
            *(f"TAR at FAR {rate_text(rate)}" for rate in rates),
        ],
        "rows": [_figures(one, rates) for one in verifications],
        "worst": [
            (heading, [_face_pair(done, pair, thumbnails) for pair in worst_pairs(pairs, worst, same=same)])
            for same, heading in kinds
        ],
        "fewest_people": FEWEST_PEOPLE,
        "rounds": ROUNDS,
        "thumbnail_px": SIDE_PX,
    }
    return values | (_of_folds(done) if isinstance(done, PairsEvaluation) else _of_searches(done, done.identification))


def _key_figures(done: PairsEvaluation | FeaturesEvaluation, shown: Verification) -> list[Key]:
    keys: list[Key] = []
    if isinstance(done, PairsEvaluation):
        accuracies = done.folded.accuracies
        within = percent_range(done.accuracy_interval, shown.carriers)
        keys.append(("Accuracy", percent(accuracies.mean()), f"± {percent(accuracies.std())} over folds; {within}"))
    of_all = f", {shown.title}" if isinstance(done, FeaturesEvaluation) else ""
    figures = shown.figures
    within = percent_range(shown.intervals["eer"], shown.carriers)
    keys.append((f"Equal error rate{of_all}", percent(figures.eer), within))
    for rate in list(figures.accepted_at)[1:2]:
        within = percent_range(shown.intervals[f"tar_at_far_{rate}"], shown.carriers)
        keys.append((f"TAR at FAR {rate_text(rate)}{of_all}", percent(figures.accepted_at[rate]), within))
    keys.append((f"AUC{of_all}", f"{figures.auc:.4f}", share_range(shown.intervals["auc"], shown.carriers)))
    if isinstance(done, FeaturesEvaluation) and done.identification:
        found = done.identification
        keys.append(("Rank 1", percent(found.rank1), percent_range(found.rank1_interval, found.carriers)))
    return keys


def _figures(one: Verification, rates: Sequence[str]) -> list[Cell]:
    figures, intervals = one.figures, one.intervals
    cells: list[Cell] = [
        one.title,
        *(f"{count:,}" for count in (one.people, figures.genuine_pairs, figures.impostor_pairs)),
        (percent(figures.eer), percent_range(intervals["eer"], one.carriers)),
        (f"{figures.auc:.4f}", share_range(intervals["auc"], one.carriers)),
    ]
    for rate in rates:
        if rate in figures.accepted_at:
            interval = percent_range(intervals[f"tar_at_far_{rate}"], one.carriers)
            cells.append((percent(figures.accepted_at[rate]), interval))
        else:
            cells.append(("", "too few"))
    return cells


def _of_folds(done: PairsEvaluation) -> dict[str, object]:
    both = zip(done.folded.accuracies, done.folded.thresholds, strict=True)
    return {
        "folds": [
            (str(number), percent(accuracy), score_text(threshold))
            for number, (accuracy, threshold) in enumerate(both, start=1)
        ]
    }


def _of_searches(done: FeaturesEvaluation, found: Identification | None) -> dict[str, object]:
    if found is None:
        return {"found": None}
    figures = found.figures
    rank1_range = percent_range(found.rank1_interval, found.carriers)
    searches: list[list[Cell]] = [["Right person first", percent(found.rank1), ("", rank1_range), ""]]
    for rate, accepted in figures.accepted_at.items():
        interval = found.intervals[f"tar_at_far_{rate}"]
        missed = percent_range(interval and interval.of_the_rest, found.carriers)
        name = f"Known people missed (FNIR) at FPIR {rate_text(rate)}"
        searches.append([name, percent(1 - accepted), ("", missed), score_text(figures.thresholds[rate])])
    confusions = [
        (
            picture_name(done, one.probe),
            done.people[one.taken_for],
            f"{one.times} of {one.searches}",
            score_text(one.score),
        )
        for one in found.confusions
    ]
    outcomes = [
        (
            done.people[one.person],
            f"{one.missed} of {one.known}",
            str(one.misranked),
            f"{one.false_positives} of {one.strange}",
        )
        for one in found.outcomes
    ]
    return {
        "found": found,
        "searches": searches,
        "confusions": confusions,
        "outcomes": outcomes,
        "galleries": DRAWS,
        "gallery_pictures": GALLERY_PICTURES,
    }


def _face_pair(done: PairsEvaluation | FeaturesEvaluation, pair: WorstPair, thumbnails: Thumbnails) -> FacePair:
    numbers = (pair.first, pair.second)
    paths = [path for path in (picture_path(done, number) for number in numbers) if path]
    return FacePair(
        score_text(pair.score),
        tuple(picture_name(done, number) for number in numbers),
        tuple(thumbnails.data_url(path) for path in paths),
    )


def require_report_packages() -> None:
    """Raise MissingExtraError, in one line, where a package is missing that draws plots or makes the page."""
    for package in ("jinja2", "matplotlib"):
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError(f"--plots needs {package}, which is not installed; pip install 'twinface[train]'")


def write_report(
    folder: Path, done: PairsEvaluation | FeaturesEvaluation | GroupsEvaluation, *, force: bool = False
) -> None:
    """Write report.html and a PNG of each plot to a folder; where the pictures are, a sheet of the worst errors too.

    Raises InputError when the folder cannot be written, or one of the files is there and there is no `force`.
    """
    plots = group_plots(done) if isinstance(done, GroupsEvaluation) else _plots(done)
    files = {f"{plot.name}.png": render(plot, LIGHT) for plot in plots}
    drawn = draw_for_page(plots, files)
    if isinstance(done, GroupsEvaluation):
        template, values = "groups.html", group_values(done, drawn)
    else:
        thumbnails = Thumbnails()
        sheet = contact_sheet(done, thumbnails, _WORST)
        if sheet is not None:
            files["worst_errors.png"] = sheet
        template = "pairs.html" if isinstance(done, PairsEvaluation) else "features.html"
        values = evaluation_values(done, thumbnails, _WORST) | {"drawn": drawn}
    files[REPORT_FILE] = render_page(template, done=done, subject=str(done.subject), **values)
    if not force:
        for name in files:
            require_new(folder / name, "name another folder, or overwrite it with --force")
    try:
        for name, content in files.items():
            write_atomically(folder / name, content)
    except OSError as error:
        raise InputError(f"--plots {folder}: cannot be written ({error.strerror}); name another folder") from error


def _plots(done: PairsEvaluation | FeaturesEvaluation) -> list[Plot]:
    threshold = float(done.folded.thresholds.mean()) if isinstance(done, PairsEvaluation) else None
    plots = verification_plots(verifications_of(done), done.subject.metric, threshold)
    if isinstance(done, FeaturesEvaluation) and done.identification:
        pairs = done.identification.searches.as_pairs()
        plots.append(identification_plot(sort_by_kind(pairs.scores, pairs.same)))
    return plots
