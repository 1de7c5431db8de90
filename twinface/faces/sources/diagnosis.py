"""Why a stream does not open. OpenCV does not say, so it is asked for by hand."""

import socket
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from twinface.errors import SourceError
from twinface.faces.sources.address import CameraAddress
from twinface.faces.sources.failures import explain_failure
from twinface.faces.sources.rtsp import describe_stream
from twinface.faces.sources.videos import OPEN_TIMEOUT_S, TIME_LIMITS, find_codec

_CONNECTED = {"http", "https", "rtmp", "rtmps", "tcp"}
_RTSP = {"rtsp", "rtsps"}


def explain_closed(address: CameraAddress, tried_for_s: float) -> SourceError:
    """The reason why OpenCV did not open a stream, for which it took so long."""
    timed_out = tried_for_s >= 0.9 * OPEN_TIMEOUT_S
    try:
        codecs = _find_codecs(address, timed_out=timed_out)
    except SourceError as error:
        return error
    except (OSError, UnicodeError) as error:
        return explain_failure(error, address, OPEN_TIMEOUT_S)
    if timed_out:
        return SourceError(f"no picture from {address} within {OPEN_TIMEOUT_S:g} s")
    return not_decodable(address, codecs) if codecs else SourceError(f"{address}: what comes is no video")


def not_decodable(address: CameraAddress, codecs: Sequence[str]) -> SourceError:
    """There is a video, but of a codec that this OpenCV does not have."""
    return SourceError(f"the video of {address} ({', '.join(codecs)}) cannot be decoded here; set it to H.264")


def _find_codecs(address: CameraAddress, *, timed_out: bool) -> list[str]:
    """The codecs of what comes from an address; raises where it cannot be reached, or does not let anybody in."""
    if address.scheme in _RTSP:
        return describe_stream(address, OPEN_TIMEOUT_S)
    if address.scheme == "file":
        path = Path(urllib.request.url2pathname(address.bare_url.removeprefix("file://")))
        if not path.exists():
            raise SourceError(f"no such file: {path}")
    elif address.scheme in _CONNECTED:
        socket.create_connection((address.host, address.port), OPEN_TIMEOUT_S).close()
    codec = None if timed_out else find_codec(address.url, TIME_LIMITS)
    return [codec] if codec is not None else []
