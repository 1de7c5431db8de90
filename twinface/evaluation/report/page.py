"""An evaluation as one page that needs nothing else, and its plots as files beside it."""

import importlib.util
from pathlib import Path

from twinface.errors import InputError, MissingExtraError
from twinface.evaluation.differentials.group_figures import GroupsEvaluation
from twinface.evaluation.differentials.group_plots import group_plots
from twinface.evaluation.differentials.group_report import group_values
from twinface.evaluation.figures.results import FeaturesEvaluation, PairsEvaluation
from twinface.evaluation.figures.verification import sort_by_kind
from twinface.evaluation.report.page_parts import LIGHT, Plot, draw_for_page, render, render_page
from twinface.evaluation.report.page_values import evaluation_values, verifications_of
from twinface.evaluation.report.plots import identification_plot, verification_plots
from twinface.evaluation.report.thumbnails import Thumbnails, contact_sheet
from twinface.files import require_new, write_atomically

REPORT_FILE = "report.html"

_WORST = 12


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
