"""The original's loop over the faces of a frame, in today's Keras: network and head on each, person by person.

    python with_the_original.py FACES PEOPLE PICTURES

Each face goes through ResNet50 up to what was `activation_46`, average pooled; then the head reads the absolute
differences to the stored vectors, one call of `predict` for each person. Weights are random: they take as long as
trained ones. Prints one JSON object.
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from clocked import print_cost


def feature_network() -> keras.Model:
    """ResNet50 for 224 pixels, 2048 numbers."""
    resnet = keras.applications.ResNet50(weights=None, input_shape=(224, 224, 3), include_top=False)
    layer = resnet.get_layer("conv5_block2_out")
    return keras.Model(resnet.input, keras.layers.GlobalAveragePooling2D()(layer.output))


def head() -> keras.Model:
    """The original's similarity network."""
    layers = keras.layers
    stack = [layers.Input((2048,)), layers.Dense(512), layers.Dropout(0.5), layers.Dense(256), layers.Dropout(0.3)]
    return keras.Sequential([*stack, layers.Dense(32), layers.Dense(1), layers.Activation("sigmoid")])


def main(faces: int, people: int, pictures: int) -> None:
    """Warm up with one face, then measure `faces` of them."""
    network, similarity = feature_network(), head()
    rng = np.random.default_rng(0)
    gallery = rng.random((people, pictures, 2048), np.float32)
    face = rng.integers(0, 256, (1, 224, 224, 3)).astype(np.float32)

    def recognise() -> int:
        vector = network.predict(face, verbose=0)
        for person in gallery:
            similarity.predict(np.abs(vector - person), verbose=0)
        return 1

    print_cost(recognise, faces)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
