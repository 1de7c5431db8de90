"""The options of `twinface evaluate`: what is measured, and how."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from twinface.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatToMeasure:
    """Pairs of pictures, or features; of features also groups, by names of files or a file of labels."""

    pairs: Annotated[
        Path | None, typer.Option("--pairs", help="List of pairs: LFW's format, or lines of two paths and 0 or 1.")
    ] = None
    images: Annotated[
        Path | None,
        typer.Option("--images", help="Folder of the pictures; with --features only to show the worst errors."),
    ] = None
    features: Annotated[
        Path | None, typer.Option("--features", help="Folder of vectors instead: all pairs, and identification.")
    ] = None
    network: Annotated[
        str | None, typer.Option("--network", help="Network: a name or a folder; default: as configured.")
    ] = None
    head: Annotated[Path | None, typer.Option("--head", help="Folder of a trained head.")] = None
    metric: Annotated[
        str | None,
        typer.Option("--metric", help="cosine, l1, or head for the bundled one of the network; default: cosine."),
    ] = None
    people: Annotated[
        str, typer.Option("--people", help="Of --features: validation (every fifth), all, or a file of names.")
    ] = "validation"
    groups: Annotated[
        str | None,
        typer.Option(
            "--groups",
            help="Of --features: NAME=PATTERN,… of file names, or none; default: the words that names begin with."
            " Or LABELS.tsv, labels of people or pictures: how errors differ between groups.",
        ),
    ] = None
    by: Annotated[
        list[str] | None,
        typer.Option("--by", help="Of LABELS.tsv: a column, or two as COLUMN,COLUMN; again for more; default: all."),
    ] = None
    far: Annotated[
        float | None,
        typer.Option("--far", help="With LABELS.tsv: the threshold of this false-accept rate; default: that in force."),
    ] = None
    same_person_above: Annotated[
        float | None,
        typer.Option(
            "--same-person-above", help="With LABELS.tsv: leave out pairs of two people who are more alike (cosine)."
        ),
    ] = None
    aligned: Annotated[bool, typer.Option("--aligned", help="The pictures are aligned crops: no detection.")] = False
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same intervals.")] = 0

    @property
    def labels(self) -> Path | None:
        """The file of labels that --groups names; None where it has patterns."""
        if self.groups is None or self.groups == "none":
            return None
        return Path(self.groups) if self.groups.endswith(".tsv") or Path(self.groups).exists() else None

    @property
    def patterns(self) -> dict[str, str] | None:
        """The patterns that --groups has, by name; None where it is left out. Raises InputError for what are none."""
        if self.groups is None:
            return None
        if self.groups == "none":
            return {}
        parts = [part.partition("=") for part in self.groups.split(",")]
        if not all(name and pattern for name, _, pattern in parts):
            raise InputError(
                f"--groups {self.groups}: expected NAME=PATTERN with commas between, as frontal=frontal_*, none, or a"
                " file of labels"
            )
        return {name: pattern for name, _, pattern in parts}

    @property
    def of_labels(self) -> dict[str, Any]:
        """What goes with labels only, as the library names it; None where it is left out."""
        return {"by": self.by or None, "rate": self.far, "same_person_above": self.same_person_above}

    def check(self) -> None:
        """Raise InputError where options do not go together."""
        from twinface.evaluation.protocols.comparison import HEAD, METRICS

        if (self.pairs is None) == (self.features is None):
            raise InputError("give either --pairs FILE with --images DIR, or --features DIR")
        if self.pairs is not None and self.images is None:
            raise InputError("--pairs needs --images, the folder that its pictures are in")
        if self.metric is not None and (self.metric not in {*METRICS, HEAD} or self.head is not None):
            raise InputError(
                f"--metric {self.metric}: expected {', '.join(METRICS)} or {HEAD}, and no --head beside it"
            )
        self._check_labels()

    def _check_labels(self) -> None:
        if self.labels is None:
            if given := [name for name, value in self.of_labels.items() if value is not None]:
                spelt = {"by": "--by", "rate": "--far", "same_person_above": "--same-person-above"}[given[0]]
                raise InputError(f"{spelt}: goes with a file of labels; name one with --groups LABELS.tsv")
            return
        if self.features is None or self.images is not None:
            raise InputError(f"--groups {self.labels}: labels go with --features DIR, without --pairs and --images")
        if self.far is not None and not 0 < self.far < 1:
            raise InputError(f"--far {self.far:g}: expected a rate between 0 and 1, such as 0.001")
        if self.same_person_above is not None and not 0 < self.same_person_above < 1:
            raise InputError(
                f"--same-person-above {self.same_person_above:g}: expected a cosine between 0 and 1, such as 0.6"
            )
