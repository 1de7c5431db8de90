"""Pictures out of requests: as the body itself, or as the fields of a form."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import ExitStack, aclosing, asynccontextmanager
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from python_multipart.multipart import parse_options_header
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from twinface.box.handed_files import HandedFile
from twinface.web.api.forms import Form, Part, Parts, WholeBody
from twinface.web.protocol import LONG_BODY

_AT_ONCE = 4
receiving = asyncio.Semaphore(_AT_ONCE)
"""Each takes as much memory as its picture; whoever comes while so many are received is read a little later."""

_BYTES = {"type": "string", "format": "binary"}
PICTURE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {"schema": _BYTES},
            "multipart/form-data": {
                "schema": {"type": "object", "required": ["picture"], "properties": {"picture": _BYTES}}
            },
        },
    }
}
"""What the document says of a body that is a picture."""


@asynccontextmanager
async def one_picture(request: Request, name: str = "picture") -> AsyncIterator[HandedFile]:
    """The picture that a request brings, as its body or in the field `name`.

    Raises RequestValidationError where it brings none, HTTPException as `parts_of`.
    """
    with ExitStack() as stack:
        found: HandedFile | None = None
        async with receiving, aclosing(parts_of(request)) as parts:
            async for part in parts:
                stack.callback(part.content.close)
                if part.name == name and found is None:
                    found = part.content
        if found is None:
            raise RequestValidationError([{"loc": ("body", name), "msg": "no such field in the form"}])
        yield found


async def parts_of(request: Request, most_bytes: int | None = None) -> AsyncGenerator[Part, None]:
    """The fields of a form as each is complete, for the reader to close; another body is one part, `picture`.

    Where it may have `most_bytes` only, it has to come as quickly as any other request.

    Raises HTTPException for a form that is none, a part that is larger than a picture may be, and a body that breaks
    off.
    """
    if most_bytes is None:
        request.scope["state"][LONG_BODY] = True
    kind, options = parse_options_header(request.headers.get("content-type"))
    is_form = kind == b"multipart/form-data"
    parts: Parts = Form(options.get(b"boundary", b"")) if is_form else WholeBody()
    try:
        came_bytes = 0
        async for chunk in request.stream():
            came_bytes += len(chunk)
            if most_bytes is not None and came_bytes > most_bytes:
                raise HTTPException(413, f"more than {most_bytes // 10**6} MB; bring the token in a header for more")
            for part in parts.take(chunk):
                yield part
        for part in parts.end():
            yield part
    except ClientDisconnect:
        raise HTTPException(400, "the body broke off") from None
    finally:
        parts.close()
