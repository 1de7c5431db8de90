import asyncio
from collections.abc import AsyncIterator

from twinface.web.outlets import Outlet


async def _take(chunks: AsyncIterator[bytes], number: int) -> list[bytes]:
    return [await anext(chunks) for _ in range(number)]


def test_chunks_come_in_order_and_end_when_closed() -> None:
    async def scenario() -> None:
        outlet = Outlet(4)
        chunks = outlet.chunks()
        assert outlet.put(b"a")
        assert outlet.put(b"b")
        assert await _take(chunks, 2) == [b"a", b"b"]
        asyncio.get_running_loop().call_soon(outlet.close)
        assert [chunk async for chunk in chunks] == []

    asyncio.run(scenario())


def test_a_slow_client_is_given_up_with_what_waited_for_it() -> None:
    async def scenario() -> None:
        outlet = Outlet(2)
        assert [outlet.put(b"x") for _ in range(3)] == [True, True, False]
        assert [chunk async for chunk in outlet.chunks()] == []

    asyncio.run(scenario())


def test_silence_is_filled() -> None:
    async def scenario() -> None:
        outlet = Outlet(2)
        assert await _take(outlet.chunks(b": idle\n\n", 0.01), 2) == [b": idle\n\n"] * 2

    asyncio.run(scenario())
