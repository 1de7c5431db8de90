"""The network that learns, and what it is asked to do."""

from typing import Any

from twinface.training.distillation.residual import FULL_DEPTH, build_resnet50, run_resnet50
from twinface.training.tensorflow_setup import import_keras


def build_student(dimension: int, depth: tuple[int, ...] = FULL_DEPTH) -> Any:
    """A keras.Model: pictures, (n, s, s, 3) BGR less ImageNet's means, to vectors (n, 2048) and answers (n, dimension).

    The vectors are the pooled maps of ResNet50, standardised by running statistics. Answers are what the teacher, less
    its mean, is expected to say: a linear map of them. `fit` takes the teacher's unit vectors, (n, dimension).
    """
    keras = import_keras()
    base: Any = keras.Model
    ops = keras.ops

    class Student(base):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(name="student")
            self.resnet = build_resnet50(keras, depth)
            self.pool = keras.layers.GlobalAveragePooling2D(dtype="float32")
            self.standardise = keras.layers.BatchNormalization(
                center=False, scale=False, momentum=0.9, dtype="float32", name="standardise"
            )
            self.project = keras.layers.Dense(dimension, dtype="float32", name="project")
            self.agreement = keras.metrics.Mean("agreement")

        def call(self, pictures: Any, training: bool = False) -> tuple[Any, Any]:
            pooled = self.pool(run_resnet50(self.resnet, pictures, depth, training))
            vectors = self.standardise(pooled, training=training)
            return vectors, self.project(vectors)

        def compute_loss(
            self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
        ) -> Any:
            """1 - cosine to the teacher, plus the squared differences of both similarity matrices of the batch."""
            del x, sample_weight, training
            vectors, answers = (_unit(ops, part) for part in y_pred)
            wanted = _similarities(ops, y)
            agreement = ops.mean(ops.sum(answers * y, axis=-1))
            self.agreement.update_state(agreement)
            geometry = sum(ops.mean(ops.square(_similarities(ops, part) - wanted)) for part in (vectors, answers))
            return 1.0 - agreement + geometry

    student = Student()
    student(ops.zeros((1, 32, 32, 3)))
    return student


def _unit(ops: Any, vectors: Any) -> Any:
    return vectors / ops.sqrt(ops.sum(ops.square(vectors), axis=-1, keepdims=True) + 1e-6)


def _similarities(ops: Any, vectors: Any) -> Any:
    return ops.matmul(vectors, ops.transpose(vectors))
