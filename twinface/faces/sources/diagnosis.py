"""Why a stream does not open. OpenCV does not say, so it is asked for by hand."""

import socket
import urllib.request
from pathlib import Path

from twinface.errors import SourceError
from twinface.faces.sources.address import CameraAddress
from twinface.faces.sources.reasons import explain_failure
from twinface.faces.sources.rtsp import describe_stream

_CONNECTED = {"http", "https", "rtmp", "rtmps", "tcp"}
_RTSP = {"rtsp", "rtsps"}


def explain_closed(address: CameraAddress, tried_for_s: float, timeout_s: float) -> SourceError:
    """The reason why OpenCV did not open a stream within `tried_for_s` of the `timeout_s` that it had."""
    try:
        if address.scheme == "file":
            _check_file(address)
        elif address.scheme in _RTSP:
            codecs = describe_stream(address, timeout_s)
            if not codecs:
                return SourceError(f"{address} sends no video")
            if tried_for_s < 0.9 * timeout_s:
                return SourceError(f"the video of {address} ({', '.join(codecs)}) cannot be decoded here; take H.264")
        elif address.scheme in _CONNECTED:
            socket.create_connection((address.host, address.port), timeout_s).close()
    except SourceError as error:
        return error
    except OSError as error:
        return explain_failure(error, address, timeout_s)
    if tried_for_s >= 0.9 * timeout_s:
        return SourceError(f"no picture from {address} within {timeout_s:g} s")
    return SourceError(f"{address or address.scheme}: what comes is no video that can be decoded here")


def _check_file(address: CameraAddress) -> None:
    path = Path(urllib.request.url2pathname(address.bare_url.removeprefix("file://")))
    if not path.exists():
        raise SourceError(f"no such file: {path}")
