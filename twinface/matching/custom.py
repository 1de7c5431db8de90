"""A user's own Keras model as the head, converted to LiteRT, so that it runs without TensorFlow."""

from pathlib import Path
from typing import Any

import numpy as np

from twinface.errors import ArtefactError
from twinface.matching.heads import Scores
from twinface.matching.layers import WEIGHTS_FILE, checked_deviation, read_arrays
from twinface.matching.spec import HeadSpec
from twinface.matching.trained import DifferenceHead
from twinface.types import Vectors

MODEL_FILE = "head.tflite"


class CustomHead(DifferenceHead):
    """A model from |a - b| (n, d), divided by the deviation where the head says so, to a score 0…1 (n, 1)."""

    def __init__(self, spec: HeadSpec, interpreter: Any, deviation: Vectors | None) -> None:
        self._interpreter = interpreter
        self._input = interpreter.get_input_details()[0]
        self._output = interpreter.get_output_details()[0]
        self._deviation = deviation
        self._allocated_rows = 0
        super().__init__(spec, int(self._input["shape"][-1]))

    def _scores(self, differences: Vectors) -> Scores:
        if len(differences) != self._allocated_rows:
            self._interpreter.resize_tensor_input(self._input["index"], differences.shape)
            self._interpreter.allocate_tensors()
            self._allocated_rows = len(differences)
        inputs = differences if self._deviation is None else differences / self._deviation
        self._interpreter.set_tensor(self._input["index"], inputs)
        self._interpreter.invoke()
        scores: Scores = self._interpreter.get_tensor(self._output["index"])[:, 0]
        if not np.isfinite(scores).all():
            raise ArtefactError("the head's own model gives scores that are not numbers; train it again")
        return np.clip(scores, 0.0, 1.0)


def read_custom_head(folder: Path, spec: HeadSpec) -> CustomHead:
    """The head of head.tflite. Raises ArtefactError when it is missing, damaged, or not (n, d) to (n, 1) float32."""
    from ai_edge_litert.interpreter import Interpreter

    path = folder / MODEL_FILE
    try:
        interpreter = Interpreter(model_content=path.read_bytes(), num_threads=1)
        interpreter.allocate_tensors()
    except (OSError, RuntimeError, ValueError) as error:
        raise ArtefactError(f"{path}: cannot be loaded ({error}); train the head again") from error
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    shapes = [(len(part["shape"]), part["dtype"]) for part in (*inputs, *outputs)]
    if shapes != [(2, np.float32)] * 2 or outputs[0]["shape"][-1] != 1:
        raise ArtefactError(f"{path}: expected one input (n, d) and one output (n, 1), float32; train the head again")
    deviation = None
    if spec.normalisation.difference == "standard":
        weights = folder / WEIGHTS_FILE
        deviation = checked_deviation(weights, read_arrays(weights), int(inputs[0]["shape"][-1]))
    return CustomHead(spec, interpreter, deviation)
