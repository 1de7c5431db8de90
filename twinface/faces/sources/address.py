"""The address of a camera in a network."""

import re
import urllib.parse
from dataclasses import dataclass, field
from typing import Self

from twinface.errors import InputError

_AS_IT_IS = "%/:=&?~+!$,;'@()*[]"
_PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322, "rtmp": 1935, "rtmps": 443}


@dataclass(frozen=True, slots=True)
class CameraAddress:
    """A URL in its parts; only `url` has user and password in it, `bare_url` is the same without. `port` 0: unknown."""

    url: str = field(repr=False)
    bare_url: str = field(repr=False)
    scheme: str
    host: str
    port: int
    user: str | None = field(repr=False)
    password: str | None = field(repr=False)

    @classmethod
    def parse(cls, url: str) -> Self:
        """Raises InputError for what is no URL."""
        try:
            parts = urllib.parse.urlsplit(url)
            port = parts.port or _PORTS.get(parts.scheme, 0)
            if re.search(r"[\s\x00-\x1f\x7f]", url):
                raise ValueError("white space")
        except ValueError:
            raise InputError(
                f"source '{url.partition('://')[0]}://…': no valid URL; write scheme://USER:PASSWORD@HOST:PORT/PATH, "
                "with %40 for @, %2F for / and %20 for a space"
            ) from None
        bare = parts._replace(
            netloc=parts.netloc.rpartition("@")[2],
            path=urllib.parse.quote(parts.path, safe=_AS_IT_IS),
            query=urllib.parse.quote(parts.query, safe=_AS_IT_IS),
            fragment="",
        )
        return cls(
            url=url,
            bare_url=urllib.parse.urlunsplit(bare),
            scheme=parts.scheme,
            host=parts.hostname or "",
            port=port,
            user=None if parts.username is None else urllib.parse.unquote(parts.username),
            password=None if parts.password is None else urllib.parse.unquote(parts.password),
        )

    def __str__(self) -> str:
        """Host and port; of a file, its URL."""
        if not self.host:
            return self.bare_url
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host} port {self.port}" if self.port else host
