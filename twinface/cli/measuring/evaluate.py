"""`twinface evaluate`: how good a network, a metric or a head is."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import progress_bar, say, say_json_text
from twinface.cli.json_shapes import with_schema
from twinface.cli.measuring.evaluate_options import WhatToMeasure
from twinface.errors import InputError

if TYPE_CHECKING:
    from twinface.evaluation.differentials.group_figures import GroupsEvaluation
    from twinface.evaluation.figures.results import FeaturesEvaluation, PairsEvaluation

    Evaluation = PairsEvaluation | FeaturesEvaluation | GroupsEvaluation


def evaluate(
    *,
    what: WhatToMeasure,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file; - prints them instead of the table.")
    ] = None,
    plots: Annotated[
        Path | None, typer.Option("--plots", help="Write plots and report.html to this folder (needs the train extra).")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what --json and --plots name.")] = False,
) -> None:
    """Measure accuracy, with 95 % intervals, on people that nothing was tuned on."""
    from twinface.evaluation.report.page import require_report_packages

    what.check()
    if plots is not None:
        require_report_packages()
    inputs = (what.pairs, what.images, what.features, what.head, what.people, what.network, what.labels)
    _refuse_inputs((json_file, plots), inputs)
    if not force:
        _require_new(json_file, plots)
    done = _measure(what)
    if plots is not None:
        _write_report(plots, done, force=force)
    _print(done, json_file, plots)


def _measure(what: WhatToMeasure) -> "Evaluation":
    from twinface.evaluation.differentials.on_groups import evaluate_groups
    from twinface.evaluation.protocols.on_features import evaluate_features
    from twinface.evaluation.protocols.on_pairs import evaluate_pairs

    options: dict[str, Any] = {"metric": what.metric or "cosine", "head": what.head, "seed": what.seed}
    options["show"] = progress_bar
    settings = chosen_settings()
    if what.pairs is not None and what.images is not None:
        network = what.network or settings.network
        return evaluate_pairs(what.pairs, what.images, network, aligned=what.aligned, **options)
    if what.features is None:
        raise ValueError("not checked: neither pairs nor features")
    options |= {"network": what.network, "people": what.people, "matching": settings.matching}
    if what.labels is not None:
        of_labels = what.of_labels | {"by": what.by or ()}
        return evaluate_groups(what.features, what.labels, **of_labels, **options)
    return evaluate_features(what.features, groups=what.patterns, images=what.images, **options)


def _refuse_inputs(outputs: tuple[Path | None, ...], inputs: tuple[Path | str | None, ...]) -> None:
    from twinface.outputs import refuse_inputs

    for output in outputs:
        if output is not None:
            refuse_inputs(output, inputs, "name another place for it")


def _require_new(json_file: Path | None, plots: Path | None) -> None:
    """Before the work: what would be overwritten is reported at once."""
    from twinface.evaluation.report.page import REPORT_FILE
    from twinface.files import require_new

    if json_file is not None and json_file != Path("-"):
        require_new(json_file, "name another file with --json, or overwrite it with --force")
    if plots is not None:
        require_new(plots / REPORT_FILE, "name another folder with --plots, or overwrite it with --force")


def _write_report(folder: Path, done: "Evaluation", *, force: bool) -> None:
    from twinface.evaluation.report.page import write_report

    with progress_bar("drawing", None):
        write_report(folder, done, force=force)


def _print(done: "Evaluation", json_file: Path | None, plots: Path | None) -> None:
    from twinface.files import canonical_json, write_atomically

    if json_file is not None:
        text = canonical_json(_to_json(done))
        if json_file == Path("-"):
            say_json_text(text.decode().rstrip())
            return
        try:
            write_atomically(json_file, text)
        except OSError as error:
            raise InputError(f"--json {json_file}: cannot be written ({error.strerror}); name another file") from error
    _print_table(done)
    if plots is not None:
        say(f"report: {plots / 'report.html'}")


def _to_json(done: "Evaluation") -> dict[str, Any]:
    from twinface.evaluation.differentials.group_figures import GroupsEvaluation
    from twinface.evaluation.differentials.group_json import groups_to_json
    from twinface.evaluation.figures.results import PairsEvaluation
    from twinface.evaluation.report.as_json import features_to_json, pairs_to_json

    if isinstance(done, GroupsEvaluation):
        return with_schema("evaluate --groups", groups_to_json(done))
    if isinstance(done, PairsEvaluation):
        return with_schema("evaluate --pairs", pairs_to_json(done))
    return with_schema("evaluate --features", features_to_json(done))


def _print_table(done: "Evaluation") -> None:
    from twinface.cli.measuring.evaluate_table import print_evaluation, print_groups
    from twinface.evaluation.differentials.group_figures import GroupsEvaluation

    if isinstance(done, GroupsEvaluation):
        print_groups(done)
    else:
        print_evaluation(done)
