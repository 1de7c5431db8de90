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
_receiving = asyncio.Semaphore(_AT_ONCE)
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
async def one_picture(request: Request) -> AsyncIterator[HandedFile]:
    """The picture that a request brings. Raises RequestValidationError where it brings none, HTTPException as
    `parts_of`.
    """
    with ExitStack() as stack:
        found: HandedFile | None = None
        async with _receiving, aclosing(parts_of(request)) as parts:
            async for part in parts:
                stack.callback(part.content.close)
                if part.name == "picture" and found is None:
                    found = part.content
        if found is None:
            raise RequestValidationError([{"loc": ("body", "picture"), "msg": "no such field in the form"}])
        yield found


async def parts_of(request: Request) -> AsyncGenerator[Part, None]:
    """The fields of a form as each is complete, for the reader to close; another body is one part, `picture`.

    Raises HTTPException for a form that is none, a part that is larger than a picture may be, and a body that breaks
    off.
    """
    request.scope["state"][LONG_BODY] = True
    kind, options = parse_options_header(request.headers.get("content-type"))
    is_form = kind == b"multipart/form-data"
    parts: Parts = Form(options.get(b"boundary", b"")) if is_form else WholeBody()
    try:
        async for chunk in request.stream():
            for part in parts.take(chunk):
                yield part
        for part in parts.end():
            yield part
    except ClientDisconnect:
        raise HTTPException(400, "the body broke off") from None
    finally:
        parts.close()
