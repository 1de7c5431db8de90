"""The certificate that the page is served with: found unusable, or nearly so, before somebody needs it."""

import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from twinface.errors import SettingsError
from twinface.files import FileState
from twinface.settings import WebSettings

_SOON_DAYS = 14.0
_DAY_S = 86_400.0
_MEND = "set others under [web] (PEM; the key without a password)"


class Certificate:
    """A certificate with its chain, and its key, read again when they are replaced, as who renews them does.

    Raises SettingsError, in one line, where they cannot be read or do not belong together.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate = certificate
        self._key = key
        self._seen = self._states()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._load(self.context)

    def renew(self) -> bool:
        """Read the files again if they have changed; connections from now on get what is in them. Raises as above."""
        seen = self._states()
        if seen == self._seen:
            return False
        self._load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))  # halves that do not fit leave what is in use as it is
        self._load(self.context)
        self._seen = seen
        return True

    def warnings(self) -> Iterator[str]:
        """Why browsers will not trust it, or soon will not."""
        try:
            ends_at_s = ssl.cert_time_to_seconds(_shown_to_itself(self.context, self._certificate))
        except ssl.SSLError as error:
            reason = getattr(error, "verify_message", "") or error.reason
            yield f"{self._certificate}: {reason}; browsers refuse it until there is another"
            return
        days = (ends_at_s - time.time()) / _DAY_S
        if days < _SOON_DAYS:
            yield f"{self._certificate}: it expires in {days:.0f} days"

    def _states(self) -> tuple[FileState | None, ...]:
        with suppress(OSError):
            return FileState.of(self._certificate), FileState.of(self._key)
        return ()

    def _load(self, context: ssl.SSLContext) -> None:
        try:
            for path in (self._certificate, self._key):
                path.open("rb").close()  # what follows does not say which of them
            context.load_cert_chain(self._certificate, self._key, password=_no_password)
        except OSError as error:
            where = getattr(error, "filename", None) or f"{self._certificate}, {self._key}"
            raise SettingsError(f"{where}: {_reason(error)}; {_MEND}") from error


def certificate_of(web: WebSettings) -> Certificate | None:
    """The one that the settings name, if any. Raises SettingsError where it cannot be used."""
    return Certificate(web.certificate, web.key) if web.certificate and web.key else None


def _no_password() -> str:
    raise OSError("the key has a password")


def _reason(error: OSError) -> str:
    if not isinstance(error, ssl.SSLError):
        return error.strerror or str(error)
    if error.reason == "KEY_VALUES_MISMATCH":
        return "the key is not the one of the certificate"
    return "no certificate and key in them"


def _shown_to_itself(context: ssl.SSLContext, trusted: Path) -> str:
    """The end of the certificate that a server shows, as a client has it who trusts exactly this one.

    A handshake in memory: of a certificate of one's own, Python offers no other way to its dates, nor does it check
    them. Raises ssl.SSLError where the client refuses it: expired, not valid yet, not for servers.
    """
    checking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    checking.check_hostname = False
    checking.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    checking.load_verify_locations(trusted)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = checking.wrap_bio(to_client, to_server)
    server = context.wrap_bio(to_server, to_client, server_side=True)
    while True:
        with suppress(ssl.SSLWantReadError):
            client.do_handshake()
            return str((client.getpeercert() or {})["notAfter"])
        with suppress(ssl.SSLWantReadError):
            server.do_handshake()
