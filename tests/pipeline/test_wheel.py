"""Installed from a wheel, the pipeline runs from any directory."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from harness import Pipeline

from twinface import assets

pytestmark = pytest.mark.pipeline

CHECKOUT = Path(__file__).resolve().parents[2]
REPORT = "twinface/evaluation/report"


def test_up_from_a_wheel(pipeline: Pipeline, tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(tmp_path)]
    subprocess.run([*build, str(CHECKOUT)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("twinface-*.whl")
    heads = {
        f"twinface/data/{head}/{name}" for head in ("sface-head", "face-head") for name in ("head.json", "head.npz")
    }
    network = {f"twinface/data/resnet50-face/{name}" for name in ("network.json", "network.tflite", "LICENSE.md")}
    names = zipfile.ZipFile(wheel).namelist()
    detector = {f"twinface/data/yunet/{name}" for name in ("yunet.tflite", "LICENSE")}
    templates = {str(path.relative_to(CHECKOUT)) for path in (CHECKOUT / REPORT / "templates").iterdir()}
    assert f"{REPORT}/templates/frame.html" in templates
    assert heads | network | detector | templates | {"twinface/py.typed"} <= set(names)
    assert not [name for name in names if "__pycache__" in name]
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == {"twinface"}
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(wheel)]
    subprocess.run(install, check=True, capture_output=True)

    (pipeline.folder / "pictures").mkdir()
    shutil.copy(assets.fetch("portraits") / "impostor_1.jpg", pipeline.folder / "pictures")
    pipeline.configure('name = "door"\nsource = "pictures"\npicture_seconds = 0.5')
    environment = {**os.environ, "PYTHONPATH": str(site), "TWINFACE_KEY_FILE": str(pipeline.folder / "key")}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "twinface.cli.main", "up", "--config", "pipeline.toml", "--exit-when-done"],
        cwd=pipeline.folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr + pipeline.logs()
    code = (
        "import twinface, twinface._packaged.services.camera as camera\n"
        "from twinface.matching import load_head\n"
        "from twinface.networks import find_recipe\n"
        "spec = load_head(None, find_recipe('sface').fingerprint).spec\n"
        "print(camera.__file__, twinface.__file__, spec.architecture, spec.network_name, sep='\\n')\n"
    )
    loaded = subprocess.run(
        [sys.executable, "-P", "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert all(line.startswith(str(site)) for line in loaded[:2])
    assert loaded[2:] == ["plda", "sface"]
