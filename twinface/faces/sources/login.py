"""Logs in to cameras, over HTTP and RTSP alike: basic and digest (RFC 7617, RFC 7616)."""

import urllib.request
from base64 import b64encode
from collections.abc import Sequence

from twinface.faces.sources.address import CameraAddress


def authorize(address: CameraAddress, challenges: Sequence[str], method: str, url: str, uri: str) -> str:
    """The Authorization header that answers the best of the challenges; empty where there is none to give.

    `challenges` are values of WWW-Authenticate; `url` without user and password is asked for by `method`, as `uri`.
    """
    if address.password is None:
        return ""
    user, password = address.user or "", address.password
    known = {scheme.lower(): rest for scheme, _, rest in (challenge.partition(" ") for challenge in challenges)}
    if "digest" in known:
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        passwords.add_password(None, url, user, password)
        request = urllib.request.Request(url, method=method)  # noqa: S310  it is not opened
        request.selector = uri
        challenge = urllib.request.parse_keqv_list(urllib.request.parse_http_list(known["digest"]))
        digest = urllib.request.HTTPDigestAuthHandler(passwords).get_authorization(request, challenge)
        if digest:
            return f"Digest {digest}"
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}" if "basic" in known else ""
