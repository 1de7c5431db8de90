"""ResNet50 that starts shallow and grows: blocks that are not used yet are left out, and cost nothing.

The last batch norm of a block that is left out is set to nothing, so that when it joins later it changes no output at
first (Net2Net, Chen et al., 2016; zero-gamma, Goyal et al., 2017): whatever a shallow network has learnt stays.
"""

from collections.abc import Iterator
from typing import Any

FULL_DEPTH = (3, 4, 6, 2)
"""Blocks of the stages conv2 … conv5 up to `conv5_block2_out`, where vectors are taken."""

_STEM = ("conv1_pad", "conv1_conv", "conv1_bn", "conv1_relu", "pool1_pad", "pool1_pool")
_BRANCH = ("1_conv", "1_bn", "1_relu", "2_conv", "2_bn", "2_relu", "3_conv", "3_bn")


def build_resnet50(keras: Any, depth: tuple[int, ...]) -> Any:
    """A randomly initialised keras.applications.ResNet50 for any input size, of which `depth` blocks a stage learn."""
    resnet = keras.applications.ResNet50(weights=None, include_top=False, input_shape=(None, None, 3))
    used = set(block_names(depth))
    for name in block_names((3, 4, 6, 3)):
        if name not in used:
            gamma = resnet.get_layer(f"{name}_3_bn").gamma
            gamma.assign(keras.ops.zeros(gamma.shape))
    for layer in resnet.layers:
        block = layer.name[: len("conv2_block1")]
        layer.trainable = block in used or "_block" not in block
    return resnet


def freeze_stages(resnet: Any, last: int) -> None:
    """Let only the `last` stages learn (1: conv5); batch norms of the others keep their statistics too."""
    for layer in resnet.layers:
        stage = int(layer.name[len("conv")]) if layer.name.startswith("conv") else 1
        layer.trainable = layer.trainable and stage > 5 - last


def run_resnet50(resnet: Any, pictures: Any, depth: tuple[int, ...], training: bool) -> dict[int, Any]:
    """The maps, (n, h, w, channels), after the last used block of the stages 2 … 5.

    `pictures` (n, s, s, 3) are scaled as keras.applications.resnet wants them.
    """
    stages = {}
    x = pictures
    for name in _STEM:
        x = _apply(resnet, name, x, training)
    for name in block_names(depth):
        branch = x
        for part in _BRANCH:
            branch = _apply(resnet, f"{name}_{part}", branch, training)
        if name.endswith("block1"):
            x = _apply(resnet, f"{name}_0_bn", resnet.get_layer(f"{name}_0_conv")(x), training)
        x = resnet.get_layer(f"{name}_out")(resnet.get_layer(f"{name}_add")([x, branch]))
        stages[int(name[len("conv")])] = x
    return stages


def _apply(resnet: Any, name: str, x: Any, training: bool) -> Any:
    layer = resnet.get_layer(name)
    return layer(x, training=training) if name.endswith("_bn") else layer(x)


def block_names(depth: tuple[int, ...]) -> Iterator[str]:
    """The blocks of the stages conv2 … conv5 at a depth, as Keras calls them."""
    for stage, blocks in enumerate(depth, start=2):
        for block in range(1, blocks + 1):
            yield f"conv{stage}_block{block}"
