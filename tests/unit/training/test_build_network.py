from pathlib import Path

import cv2
import numpy as np
import pytest

from twinface.errors import ArtefactError, AssetError, InputError
from twinface.faces import read_image
from twinface.networks import load_network
from twinface.networks.feature_network import preprocess

pytestmark = [pytest.mark.slow, pytest.mark.training]
pytest.importorskip("tensorflow")

from twinface.training.networks import backbones  # noqa: E402
from twinface.training.networks.backbones import Blueprint, build_features  # noqa: E402
from twinface.training.networks.build_network import build_network  # noqa: E402

SMALL = "mobilenet"


def noise(count: int, size_px: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, size_px, size_px, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Random weights whose batch norms fit: with those that Keras starts from, numbers fade to nothing."""
    import keras

    keras.utils.set_random_seed(0)
    model = keras.applications.MobileNet(include_top=False, weights=None, input_shape=(64, 64, 3))
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    model(np.random.default_rng(0).uniform(-1, 1, (16, 64, 64, 3)), training=True)
    path = tmp_path_factory.mktemp("weights") / "fitting.weights.h5"
    model.save_weights(path)
    return str(path)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, weights: str) -> Path:
    """A folder with the network `plain`."""
    folder = tmp_path_factory.mktemp("networks")
    lines: list[str] = []
    build_network(Blueprint("plain", SMALL, weights, input_size_px=64), folder, print_line=lines.append)
    assert any("conv_pw_13_relu" in line for line in lines)
    return folder


def assert_litert_is_keras(folder: Path) -> None:
    import keras

    network = load_network(folder)
    crops = noise(3, 64)
    model = keras.saving.load_model(folder / "network.keras")
    wanted = np.asarray(model.predict_on_batch(preprocess(crops, network.recipe)))
    assert network.embed(crops) == pytest.approx(wanted, rel=1e-3, abs=1e-4 * float(wanted.max()))
    assert wanted.std() > 0.1


def test_litert_gives_what_keras_gives(built: Path) -> None:
    recipe = load_network(built / "plain").recipe
    assert (recipe.name, recipe.backbone, recipe.layer) == ("plain", SMALL, "conv_pw_13_relu")
    assert (recipe.dimension, recipe.scaling, recipe.color_order, recipe.runtime) == (1024, "tf", "rgb", "litert")
    assert {path.name for path in (built / "plain").iterdir()} == {"network.json", "network.tflite", "network.keras"}
    assert_litert_is_keras(built / "plain")


def test_without_pooling_every_number_of_the_layer_is_given(tmp_path: Path, weights: str) -> None:
    blueprint = Blueprint("flat", SMALL, weights, layer="conv_pw_3_relu", input_size_px=64, pooling="none")
    assert build_network(blueprint, tmp_path).dimension == 16 * 16 * 128
    assert_litert_is_keras(tmp_path / "flat")


def test_int8_is_small_and_near(built: Path, tmp_path: Path, crops_folder: Path, weights: str) -> None:
    blueprint = Blueprint("int8", SMALL, weights, input_size_px=64)
    quantised = build_network(blueprint, tmp_path, quantization="int8", representative=crops_folder)
    plain = load_network(built / "plain")
    assert quantised.quantization == "int8"
    assert quantised.fingerprint != plain.recipe.fingerprint
    sizes = [(folder / "network.tflite").stat().st_size for folder in (built / "plain", tmp_path / "int8")]
    assert sizes[1] < 0.4 * sizes[0]
    crops = np.stack([cv2.resize(read_image(path), (64, 64)) for path in sorted(crops_folder.iterdir())[:6]])
    a, b = plain.embed(crops), load_network(tmp_path / "int8").embed(crops)
    a, b = (part / np.linalg.norm(part, axis=1, keepdims=True) for part in (a, b))
    assert np.argmax(a @ b.T, axis=1).tolist() == list(range(6))
    assert np.sum(a * b, axis=1).min() > 0.8


def test_the_seeds_layer_by_its_old_name() -> None:
    model, recipe = build_features(Blueprint("r", "ResNet50", "none", layer="activation_46", input_size_px=64))
    assert (recipe.layer, recipe.dimension, recipe.backbone) == ("conv5_block2_out", 2048, "resnet50")
    assert (recipe.scaling, recipe.color_order) == ("caffe", "bgr")
    assert 19.0e6 < model.count_params() < 19.2e6


def test_random_weights_are_always_the_same_and_a_file_brings_others(tmp_path: Path) -> None:
    import keras

    blueprint = Blueprint("m", SMALL, "none", input_size_px=32)
    (one, _), (again, _) = build_features(blueprint), build_features(blueprint)
    assert all(np.array_equal(a, b) for a, b in zip(one.get_weights(), again.get_weights(), strict=True))

    other = keras.applications.MobileNet(include_top=False, weights=None, input_shape=(32, 32, 3))
    other.save_weights(tmp_path / "other.weights.h5")
    loaded, _ = build_features(Blueprint("m", SMALL, str(tmp_path / "other.weights.h5"), input_size_px=32))
    picture = np.ones((1, 32, 32, 3), np.float32)
    wanted = np.asarray(other.predict_on_batch(picture)).mean(axis=(1, 2))
    assert np.asarray(loaded.predict_on_batch(picture)) == pytest.approx(wanted, rel=1e-4, abs=1e-5)


def test_every_backbones_preprocessing_can_be_recorded() -> None:
    found = {name: backbones._preprocessing_of(backbones._pick(name)) for name in backbones._applications()}
    assert found["resnet50"] == ("bgr", "caffe")
    assert found["inceptionv3"] == ("rgb", "tf")
    assert found["densenet121"] == ("rgb", "torch")
    assert found["efficientnetb0"] == ("rgb", "none")


@pytest.mark.parametrize(
    ("blueprint", "reason"),
    [
        (Blueprint("n", "resnet51", "none"), "try resnet50"),
        (Blueprint("n", SMALL, "none", layer="conv_pw_13_rely", input_size_px=32), "conv_pw_13_relu"),
        (Blueprint("n", SMALL, "none", input_size_px=8), "--input-size 8"),
        (Blueprint("n", SMALL, "no/such.h5", input_size_px=32), "no such file"),
        (Blueprint("../n", SMALL, "none", input_size_px=32), "--name"),
    ],
)
def test_mistakes_name_the_option(tmp_path: Path, blueprint: Blueprint, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        build_network(blueprint, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_quantising_mistakes(tmp_path: Path) -> None:
    blueprint = Blueprint("n", SMALL, "none", input_size_px=32)
    with pytest.raises(InputError, match="--representative"):
        build_network(blueprint, tmp_path, quantization="int8")
    with pytest.raises(InputError, match="none, float16, int8"):
        build_network(blueprint, tmp_path, quantization="int4")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no face in 0 pictures"):
        build_network(blueprint, tmp_path, quantization="int8", representative=tmp_path / "empty")


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    import keras

    inputs = keras.Input((4,))
    keras.Model(inputs, keras.layers.Dense(2)(inputs)).save_weights(tmp_path / "dense.weights.h5")
    (tmp_path / "text.weights.h5").write_text("no weights")
    for name in ("dense", "text"):
        blueprint = Blueprint("n", SMALL, str(tmp_path / f"{name}.weights.h5"), input_size_px=32)
        with pytest.raises(ArtefactError, match="not weights of this backbone"):
            build_features(blueprint)


def test_weights_that_cannot_be_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    def unreachable(*_: object, **__: object) -> None:
        raise Exception("URL fetch failure on https://example: None -- Name or service not known")

    monkeypatch.setattr(keras.src.applications.mobilenet.file_utils, "get_file", unreachable)
    with pytest.raises(AssetError, match=r"Name or service not known.*--weights none.*sface") as caught:
        build_network(Blueprint("n", SMALL), tmp_path)
    assert "\n" not in str(caught.value)
