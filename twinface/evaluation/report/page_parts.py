"""A page that needs nothing else: plots as PNG for light and for dark pages, and a template with its values."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinface.evaluation.report.wording import rate_text, score_text
from twinface.text import plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH_INCH = 5.4
_DPI = 150

Cell = str | tuple[str, str]
"""A text in a table, or one with a smaller text below it."""

Key = tuple[str, str, str]
"""A figure to remember: its name, the figure, and its interval or what else stands below it."""


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of a page, and of the things drawn on it."""

    paper: str
    ink: str
    faint: str
    grid: str
    series: tuple[str, ...]


LIGHT = Theme("#ffffff", "#1d2430", "#687284", "#e4e7ec", ("#1f6fb2", "#c2571a", "#3a8a5f", "#7b55a3", "#8a6d1b"))
DARK = Theme("#171b22", "#e6e9ee", "#98a2b3", "#2c333e", ("#6cb2ee", "#f0995c", "#74c79a", "#b797e0", "#d9bb63"))

Draw = Callable[["Axes", Theme], None]


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot, the `name` of its file, and `caption`, which says what it shows; all are as wide."""

    name: str
    caption: str
    draw: Draw
    height_inch: float = 4.3


def render(plot: Plot, theme: Theme) -> bytes:
    """A plot as the bytes of a PNG file."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH_INCH, plot.height_inch), dpi=_DPI, facecolor=theme.paper, layout="constrained")
    axes = figure.add_subplot(facecolor=theme.paper)
    for side, spine in axes.spines.items():
        spine.set_visible(side in {"left", "bottom"})
        spine.set_color(theme.faint)
    axes.tick_params(which="both", colors=theme.faint, labelsize=9.5, length=3)
    axes.grid(visible=True, color=theme.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    plot.draw(axes, theme)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set(color=theme.ink, size=10)
    return as_png(figure)


def as_png(figure: Any) -> bytes:
    """A figure of matplotlib as the bytes of a PNG file."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


@dataclass(frozen=True, slots=True)
class DrawnPlot:
    """The plot `name` for a light and for a dark page, as data: URLs."""

    name: str
    caption: str
    light: str
    dark: str


def draw_for_page(plots: Sequence[Plot], files: Mapping[str, bytes]) -> list[DrawnPlot]:
    """Plots for a light page, from their `files`, and drawn again for a dark one."""
    return [
        DrawnPlot(plot.name, plot.caption, _data_url(files[f"{plot.name}.png"]), _data_url(render(plot, DARK)))
        for plot in plots
    ]


def render_page(template: str, **values: object) -> bytes:
    """A page that loads nothing, in UTF-8; every value is escaped. `template` is one of the folder templates."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"plural": plural, "rate": rate_text, "score": score_text, "thousands": "{:,}".format}
    return environment.get_template(template).render(values).encode("utf-8", "replace")


def _data_url(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
