"""A template with its values as a page."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from twinface.evaluation.report.plots import DARK, Plot, render
from twinface.evaluation.report.wording import rate_text, score_text
from twinface.text import plural

Cell = str | tuple[str, str]
"""A text in a table, or one with a smaller text below it."""

Key = tuple[str, str, str]
"""A figure to remember: its name, the figure, and its interval or what else stands below it."""


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
