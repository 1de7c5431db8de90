"""What a head is: for which network, of what, and how it was measured."""

from typing import Annotated, Literal

import pydantic
from pydantic import ConfigDict, Field

WEIGHTS_FILE, MODEL_FILE, COHORT_FILE, IMAGINED_FILE = "head.npz", "head.tflite", "cohort.npz", "imagined.npz"
"""What lies beside head.json in the folder of a head."""


class _Part(pydantic.BaseModel):
    """Fields that other versions add are let through; those that are known are checked."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Normalisation(_Part):
    """What layers see of two vectors a and b.

    `vectors`: "l2" makes each of length 1. `pair`, number by number: "absolute" is |a - b|, "squared" (a - b)²,
    "product" a · b. `difference`: "standard" divides that by each number's deviation.
    """

    vectors: Literal["none", "l2"] = "none"
    pair: Literal["absolute", "squared", "product"] = "absolute"
    difference: Literal["none", "standard"] = "none"


class Layer(_Part):
    """A dense layer. The last one has one unit; a sigmoid follows it whether it is named as its activation or not."""

    units: Annotated[int, Field(ge=1, le=1 << 20)]
    activation: Literal["linear", "relu", "tanh", "sigmoid"] = "linear"


class LogisticScale(_Part):
    """score = sigmoid(slope · (cosine - offset))."""

    slope: Annotated[float, Field(gt=0.0)]
    offset: Annotated[float, Field(ge=-1.0, le=1.0)]


class DecisionCalibration(_Part):
    """What `twinface calibrate` found for one rule: `thresholds` of its score by false-accept rate ("0.001").

    They rest on `comparisons` of somebody with another person, among `people` of a gallery.
    """

    rule: Literal["template", "best-k", "mean"]
    best_k: Annotated[int, Field(ge=1)]
    comparisons: Annotated[int, Field(ge=1)]
    people: Annotated[int, Field(ge=1)]
    thresholds: dict[str, Annotated[float, Field(ge=0.0, le=1.0)]]


class HeadSpec(_Part):
    """What matching needs to know of a head; training and evaluation write more beside it.

    In head.json `scale` is called calibration.
    """

    model_config = ConfigDict(populate_by_name=True)

    architecture: Literal["metric", "plda", "linear", "mlp", "custom"]
    network: str = ""
    network_name: str = ""
    normalisation: Normalisation = Normalisation()
    layers: tuple[Layer, ...] = ()
    scale: Annotated[LogisticScale | None, Field(alias="calibration")] = None
    thresholds: dict[str, float] = {}
    decision: DecisionCalibration | None = None


SFACE_SCALE = LogisticScale(slope=36.0, offset=0.43)
"""Logistic regression on cosines of SFace: genuine and impostor pairs of aligned crops of 5,268 people, none of them of
the validation split, weighted to a prior of one genuine pair in 300, since somebody is compared with a whole gallery.
So 0.5 is where both readings are equally likely given that prior: of those people's frontal pictures 24 in a million
impostor pairs score more, and 93.9 % of the genuine."""


def cosine_spec(network: str) -> HeadSpec:
    """What head.json would say of plain cosine, for vectors of the network with this fingerprint."""
    return HeadSpec(architecture="metric", network=network, scale=SFACE_SCALE)
