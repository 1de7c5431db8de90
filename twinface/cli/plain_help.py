"""Help as plain text, each command below its heading: boxes around it would take a third of the time of --help."""

from typing import Any

from typer.core import TyperGroup

WIDEST_COLUMNS = 120
"""Of a terminal that is wider, no more is used."""

_LONGEST_SUMMARY = 400


class HeadedGroup(TyperGroup):
    """A group of commands whose help lists each with its first sentence, below the heading that it was added with."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  as Click calls it
        """Write the lists."""
        headings: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            heading = getattr(command, "rich_help_panel", None) or "Commands"
            headings.setdefault(heading, []).append((name, command.get_short_help_str(_LONGEST_SUMMARY)))
        for heading, rows in headings.items():
            with formatter.section(heading):
                formatter.write_dl(rows)
