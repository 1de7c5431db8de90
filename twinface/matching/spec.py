"""head.json: what a head is, for which network, and how it was measured."""

from pathlib import Path
from typing import Annotated, Literal

import pydantic
from pydantic import ConfigDict, Field

from twinface.errors import ArtefactError
from twinface.files import read_json_object, shown

FORMAT = 1
HEAD_FILE = "head.json"


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


class Calibration(_Part):
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
    """What matching needs to know of a head; training and evaluation write more beside it."""

    architecture: Literal["metric", "plda", "linear", "mlp", "custom"]
    network: str = ""
    network_name: str = ""
    normalisation: Normalisation = Normalisation()
    layers: tuple[Layer, ...] = ()
    calibration: Calibration | None = None
    thresholds: dict[str, float] = {}
    decision: DecisionCalibration | None = None


def read_spec(folder: Path) -> HeadSpec:
    """Read head.json of a folder. Raises ArtefactError when it is missing, damaged or of another format."""
    path = folder / HEAD_FILE
    if not folder.is_dir():
        raise ArtefactError(f"{folder}: no such folder; train a head with `twinface train`, or leave --head out")
    value = read_json_object(path)
    if value.get("format") != FORMAT:
        raise ArtefactError(
            f"{path}: format {shown(value.get('format'))}, this twinface reads {FORMAT}; update twinface or train again"
        )
    try:
        spec = HeadSpec.model_validate(value)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ArtefactError(f"{path}: {where}: {first['msg']}; train the head again") from error
    if spec.architecture == "metric" and spec.calibration is None:
        raise ArtefactError(f"{path}: a metric head without its calibration; train the head again")
    return spec
