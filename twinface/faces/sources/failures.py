"""Why a camera in a network cannot be read, each cause in words of its own."""

import errno
import http.client
import socket
import ssl

from twinface.errors import SourceError
from twinface.faces.sources.address import CameraAddress

_NO_WAY = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN}
_LOGIN = {401, 403}


def explain_failure(error: Exception, address: CameraAddress, timeout_s: float) -> SourceError:
    """What an error of a socket means."""
    reason = f"{address}: {_name(error)}"
    match error:
        case socket.gaierror() | UnicodeError():
            reason = f"no such host: {address.host}"
        case ConnectionRefusedError():
            reason = f"connection refused by {address}"
        case TimeoutError():
            reason = f"no answer from {address} within {timeout_s:g} s"
        case http.client.RemoteDisconnected() | ConnectionResetError() | BrokenPipeError():
            reason = f"{address} closed the connection"
        case ssl.SSLError():
            reason = f"{address} does not speak TLS"
        case http.client.HTTPException() | ValueError():
            reason = f"{address} does not speak HTTP"
        case OSError() if error.errno in _NO_WAY:
            reason = f"no way to {address}"
    return SourceError(reason)


def explain_status(status: int, address: CameraAddress) -> SourceError:
    """What a status of HTTP or RTSP means that is no success."""
    match status:
        case 401 if address.password is None:
            reason = f"401: {address} wants a user and a password, as in {address.scheme}://USER:PASSWORD@HOST/"
        case 401:
            reason = f"401: {address} does not take this user and password"
        case 403:
            reason = f"403: {address} forbids it to this user"
        case 404:
            reason = f"404: {address} has nothing at this path"
        case _:
            reason = f"{address} answers with status {status}{_phrase(status)}"
    return SourceError(reason, patient=status in _LOGIN)


def _name(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__


def _phrase(status: int) -> str:
    phrase = http.client.responses.get(status)
    return f" ({phrase})" if phrase else ""
