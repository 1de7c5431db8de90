"""`twinface distill`: teach a ResNet50 what a network that knows faces outputs."""

from pathlib import Path
from typing import Annotated

import typer

from twinface.cli.learning.runs import RunOptions, learn


def distill(
    *,
    run: RunOptions,
    crops: Annotated[
        list[Path] | None, typer.Option("--crops", help="Folder of aligned crops, the template in their middle 7/8.")
    ] = None,
    faces: Annotated[list[Path] | None, typer.Option("--faces", help="Folder of pictures of a face each.")] = None,
    teacher: Annotated[str, typer.Option("--teacher", help="Network to learn from: a name or a folder.")] = "sface",
    begin_with: Annotated[
        Path | None, typer.Option("--start", help="A run, or face, whose weights are taken over; default: random ones.")
    ] = None,
    input_size: Annotated[int, typer.Option("--input-size", min=32, help="Side of the pictures, pixels.")] = 112,
    batch: Annotated[int, typer.Option("--batch", min=2, help="Pictures a step.")] = 32,
    learning_rate: Annotated[float, typer.Option("--learning-rate", min=0.0, help="Highest rate.")] = 4e-3,
    hint_weight: Annotated[
        float,
        typer.Option("--hint-weight", min=0.0, help="Of what the teacher sees between its layers; 0: not learnt."),
    ] = 1.0,
    views: Annotated[
        int,
        typer.Option(
            "--views",
            min=0,
            help="Ways in which the teacher sees each crop, once; 0: endless ones, blends too, each asked: for a GPU.",
        ),
    ] = 8,
) -> None:
    """Teach a ResNet50 the geometry of a face network from any pictures of faces; no labels are needed."""
    from twinface.distillation.checkpoints import Progress
    from twinface.distillation.packing import Sources
    from twinface.distillation.run_order import Settings

    period = Progress(
        size_px=input_size,
        batch=batch,
        learning_rate=learning_rate,
        hint_weight=hint_weight,
        period_steps=run.steps,
        period_minutes=run.minutes,
    )
    sources = Sources(tuple(crops or ()), tuple(faces or ()), run.people)
    settings = Settings(sources, teacher, run.seed, views, run.threads, run.measure_minutes, begin_with)
    learn(run, settings, period)
