"""What waits for one client: bounded, so that a slow one costs nothing but its own connection."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


class Outlet:
    """Chunks for one client, at most `capacity` of them. Lives in the server's event loop.

    When it is full, the client is given up: it connects again and asks for the present.
    """

    def __init__(self, capacity: int) -> None:
        self._waiting: deque[bytes] = deque()
        self._capacity = capacity
        self._closed = False
        self._changed = asyncio.Event()

    def put(self, chunk: bytes) -> bool:
        """Add a chunk; False when the client is too slow and was given up."""
        if len(self._waiting) == self._capacity:
            self.close()
            return False
        self._waiting.append(chunk)
        self._changed.set()
        return True

    def close(self) -> None:
        """End the stream; what is still waiting is not sent."""
        self._closed = True
        self._changed.set()

    async def chunks(
        self, idle_chunk: bytes = b"", idle_s: float | None = None, may_stay: Callable[[], bool] = lambda: True
    ) -> AsyncIterator[bytes]:
        """The chunks as they come until closed, or the client may not stay, and `idle_chunk` where none came for
        `idle_s`.
        """
        while not self._closed and may_stay():
            if self._waiting:
                yield self._waiting.popleft()
                continue
            self._changed.clear()
            try:
                async with asyncio.timeout(idle_s):
                    await self._changed.wait()
            except TimeoutError:
                yield idle_chunk


class LiveStream(StreamingResponse):
    """A response that goes on until its outlet or its connection is closed."""

    def __init__(self, chunks: AsyncIterator[bytes], media_type: str, on_end: Callable[[], None]) -> None:
        super().__init__(chunks, media_type=media_type, headers={"X-Accel-Buffering": "no"})
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the client, and let go of its outlet however that ends."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._on_end()
