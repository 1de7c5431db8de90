"""A sheet of the worst errors as one picture."""

from twinface.evaluation.figures.results import FeaturesEvaluation, PairsEvaluation
from twinface.evaluation.figures.scored_pairs import WorstPair, worst_pairs
from twinface.evaluation.report.picture_names import picture_name, picture_path
from twinface.evaluation.report.plots import LIGHT, as_png
from twinface.evaluation.report.thumbnails import Thumbnails
from twinface.evaluation.report.wording import score_text
from twinface.types import Image

_COLUMNS = 4
_CELL_INCH = (2.5, 1.65)
_DPI = 110


def contact_sheet(done: PairsEvaluation | FeaturesEvaluation, thumbnails: Thumbnails, count: int) -> bytes | None:
    """A PNG with the worst `count` pairs of each kind, score and names below; None where no picture can be shown."""
    from matplotlib.figure import Figure

    pairs = done.verification.pairs if isinstance(done, PairsEvaluation) else done.verifications[0].pairs
    kinds = [
        ("Different people who look alike", worst_pairs(pairs, count, same=False)),
        ("One person in unlike pictures", worst_pairs(pairs, count, same=True)),
    ]
    shown = [(title, [(one, *_faces(done, one, thumbnails)) for one in worst]) for title, worst in kinds]
    if all(left is None and right is None for _, cells in shown for _, left, right in cells):
        return None
    lines = [-(-len(cells) // _COLUMNS) for _, cells in shown]
    figure = Figure((_COLUMNS * _CELL_INCH[0], sum(lines) * _CELL_INCH[1] + 0.9), dpi=_DPI, facecolor=LIGHT.paper)
    parts = figure.subfigures(2, 1, height_ratios=lines, squeeze=False)[:, 0]
    for part, line_count, (title, cells) in zip(parts, lines, shown, strict=True):
        part.suptitle(title, x=0.012, ha="left", size=12, color=LIGHT.ink)
        grid = part.subplots(line_count, 2 * _COLUMNS, squeeze=False)
        part.subplots_adjust(left=0.012, right=0.988, top=0.9, bottom=0.1, wspace=0.06, hspace=0.42)
        for axes in grid.flat:
            axes.axis("off")
        for place, (one, left, right) in enumerate(cells):
            line, column = divmod(place, _COLUMNS)
            for side, face in enumerate((left, right)):
                if face is not None:
                    grid[line][2 * column + side].imshow(face[..., ::-1])
            names = "\n".join(picture_name(done, number) for number in (one.first, one.second))
            grid[line][2 * column].text(
                0, -0.05, f"{score_text(one.score)}  {names}", transform=grid[line][2 * column].transAxes,
                va="top", size=6.5, color=LIGHT.faint,
            )  # fmt: skip
    return as_png(figure)


def _faces(
    done: PairsEvaluation | FeaturesEvaluation, one: WorstPair, thumbnails: Thumbnails
) -> tuple[Image | None, Image | None]:
    paths = [picture_path(done, number) for number in (one.first, one.second)]
    first, second = (thumbnails.image(path) if path else None for path in paths)
    return first, second
