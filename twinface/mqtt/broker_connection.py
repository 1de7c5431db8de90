"""What a connection to a broker needs, and what is wrong with one that cannot be made, for people."""

import socket
import ssl
from pathlib import Path

from twinface.errors import SettingsError
from twinface.settings import MqttSettings


def explain(error: OSError, *, tls: bool) -> str:
    """Why a broker cannot be reached, and what mends it, for people."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message}); set [mqtt] ca, or the host's right name"
    if isinstance(error, ssl.SSLError):
        return f"no TLS with it ({error.reason or error}); check [mqtt] port, tls, certificate and key"
    if isinstance(error, socket.gaierror):
        return "no host of this name is found; check [mqtt] host"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there; check [mqtt] host and port, and whether the broker runs"
    if isinstance(error, TimeoutError):
        return "no answer" + (", be it a connection or TLS" if tls else "") + "; check [mqtt] host and port"
    return f"{error.strerror or error}; check [mqtt] host and port"


def tls_context(settings: MqttSettings) -> ssl.SSLContext:
    """What TLS with the broker is agreed on by. Raises SettingsError for files that cannot be used."""
    try:
        context = ssl.create_default_context(cafile=settings.ca)
    except (OSError, ssl.SSLError) as error:
        raise _unreadable("ca", settings.ca, error) from error
    if settings.certificate:
        try:
            context.load_cert_chain(settings.certificate, settings.key, password="")  # so that nobody is asked for one
        except (OSError, ssl.SSLError) as error:
            raise _unreadable("certificate and key", settings.certificate, error) from error
    return context


def _unreadable(setting: str, path: Path | None, error: Exception) -> SettingsError:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return SettingsError(f"[mqtt] {setting} {path}: cannot be used ({said}); name a file that can")
