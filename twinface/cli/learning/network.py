"""`twinface network`: build the network that turns a face into a vector."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinface.cli.console import progress_bar, say, warn
from twinface.errors import InputError

if TYPE_CHECKING:
    from twinface.training.networks.backbones import Blueprint


@dataclass(frozen=True, slots=True, kw_only=True)
class BlueprintOptions:
    """What is built."""

    name: Annotated[str, typer.Option("--name", help="Name of the network and of its folder.")]
    backbone: Annotated[str, typer.Option("--backbone", help="Any of keras.applications.")] = "resnet50"
    weights: Annotated[
        str,
        typer.Option(
            "--weights",
            help="face (bundled), imagenet (downloaded), none (random), a Keras weights file, or a run of distill.",
        ),
    ] = "face"
    layer: Annotated[
        str | None,
        typer.Option("--layer", help="Where vectors are taken; default: conv5_block2_out of resnet50, else the last."),
    ] = None
    input_size: Annotated[
        int | None, typer.Option("--input-size", min=1, help="Side of the crop, pixels; default: as learnt, else 224.")
    ] = None
    pooling: Annotated[
        str | None,
        typer.Option(
            "--pooling",
            help="avg, or none for all numbers of the layer; of a run projected (its default) or standardised.",
        ),
    ] = None

    def parsed(self) -> "Blueprint":
        """The same for the library."""
        from twinface.training.networks.backbones import Blueprint

        return Blueprint(self.name, self.backbone, self.weights, self.layer, self.input_size, self.pooling)


def network(
    *,
    output: Annotated[Path, typer.Option("--output", help="The network is written to the folder NAME in this one.")],
    options: BlueprintOptions,
    quantize: Annotated[
        str | None, typer.Option("--quantize", help="none, float16 or int8; default: none, int8 of face.")
    ] = None,
    representative: Annotated[
        Path | None,
        typer.Option(
            "--representative",
            help="Folder of typical faces that int8 finds its scales with.",
        ),
    ] = None,
    print_model: Annotated[bool, typer.Option("--print-model/--no-print-model", help="Print its layers.")] = False,
) -> None:
    """Build the feature network (the original network.py)."""
    from twinface.distillation.student import build_taught
    from twinface.networks.registry import bundled_folder
    from twinface.training.networks.build_network import build_network, copy_bundled

    blueprint = options.parsed()
    bundled = bundled_folder(blueprint.weights)
    if bundled:
        recipe = copy_bundled(bundled, blueprint, output, quantize)
    else:
        with progress_bar("building", None) as bar:

            def on_picture(_path: Path, error: InputError | None) -> None:
                bar.advance()
                if error is not None:
                    warn(error)

            recipe = build_network(
                blueprint,
                output,
                quantization=quantize or "none",
                representative=representative,
                build_taught=build_taught,
                on_picture=on_picture,
                print_line=_say_lines if print_model else None,
            )
    say(
        f"{recipe.backbone} to {recipe.layer}, {recipe.input_size_px} px to {recipe.dimension} numbers,"
        f" {recipe.quantization}: {output / blueprint.name}"
    )


def _say_lines(text: str) -> None:
    for line in text.splitlines():
        say(line)
