"""Logs in to cameras, over HTTP and RTSP alike: basic and digest (RFC 7617, RFC 7616); any certificate is taken."""

import hashlib
import ssl
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from twinface.faces.sources.address import CameraAddress

_HASHES: dict[str, Callable[[bytes], Any]] = {
    "MD5": partial(hashlib.md5, usedforsecurity=False),
    "SHA-256": hashlib.sha256,
}


class _DigestLogin(urllib.request.HTTPDigestAuthHandler):
    """urllib's, with SHA-256 as well, and for users and passwords of any letters."""

    def get_algorithm_impls(self, algorithm: str) -> tuple[Callable[[str], str], Callable[[str, str], str]]:
        """See urllib.request.AbstractDigestAuthHandler. Raises ValueError for what is not known."""
        hash_of = _HASHES.get(algorithm.upper())
        if hash_of is None:
            raise ValueError(f"unknown algorithm {algorithm!r}")

        def digest(text: str) -> str:
            return str(hash_of(text.encode()).hexdigest())

        return digest, lambda secret, data: digest(f"{secret}:{data}")


def authorize(address: CameraAddress, challenges: Sequence[str], method: str, url: str, uri: str) -> str:
    """The Authorization header that answers the first challenge of digest that is known here, else one of basic.

    Empty where there is none to give, also to a challenge that makes no sense.

    `challenges` are values of WWW-Authenticate; `url` without user and password is asked for by `method`, as `uri`.
    """
    if address.password is None:
        return ""
    user, password = address.user or "", address.password
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, url, user, password)
    request = urllib.request.Request(url, method=method)  # noqa: S310  it is not opened
    request.selector = uri
    asked = [(scheme.lower(), rest) for scheme, _, rest in (challenge.partition(" ") for challenge in challenges)]
    for scheme, rest in asked:
        if scheme == "digest" and (digest := _answer_digest(_DigestLogin(passwords), request, rest)):
            return f"Digest {digest}"
    basic = any(scheme == "basic" for scheme, _ in asked)
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}" if basic else ""


def _answer_digest(login: _DigestLogin, request: urllib.request.Request, challenge: str) -> str | None:
    try:
        fields = urllib.request.parse_keqv_list(urllib.request.parse_http_list(challenge))
        return login.get_authorization(request, fields)
    except (ValueError, LookupError, urllib.error.URLError):
        return None


def unverified_tls() -> ssl.SSLContext:
    """A context that takes any certificate, as FFmpeg does for the stream."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
