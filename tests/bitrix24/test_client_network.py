"""The same client over real sockets: cut off, reset and slow answers."""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from socket import SO_LINGER, SOL_SOCKET

import httpx
import pytest

from b24app.bitrix24.errors import PortalUnreachable
from b24app.bitrix24.tokens import Grant
from tests.bitrix24.peer import Bench

Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
GOOD = b'{"result": true}'


async def answer_well(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD % len(GOOD) + GOOD)
    await writer.drain()


async def cut_off(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD % 1000 + GOOD)
    await writer.drain()


async def reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))


async def drip(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD % 100_000)
    for _ in range(100):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


@asynccontextmanager
async def portal_that(*behaviours: Behaviour) -> AsyncIterator[str]:
    waiting = list(behaviours)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        try:
            await waiting.pop(0)(writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@pytest.mark.parametrize("fault", [cut_off, reset])
async def test_a_broken_answer_to_a_reading_call_is_asked_for_again(fault):
    async with portal_that(fault, answer_well) as origin, httpx.AsyncClient() as http:
        bench = Bench()
        bench.access.grant = Grant(origin, "first")

        answer = await bench.client_over(http).call("crm.lead.get", {"id": 1})

    assert answer.result is True
    assert [record.status for record in bench.log] == [None, 200]


@pytest.mark.parametrize("fault", [cut_off, reset])
async def test_a_broken_answer_to_a_writing_call_is_left_to_the_caller(fault):
    async with portal_that(fault, answer_well) as origin, httpx.AsyncClient() as http:
        bench = Bench()
        bench.access.grant = Grant(origin, "first")

        with pytest.raises(PortalUnreachable):
            await bench.client_over(http).call("event.bind")

    assert len(bench.log) == 1


async def test_a_portal_that_answers_a_byte_at_a_time_does_not_hold_a_person():
    async with portal_that(drip) as origin, httpx.AsyncClient() as http:
        bench = Bench(max_wait_s=0.2)
        bench.access.grant = Grant(origin, "first")

        async with asyncio.timeout(3):
            with pytest.raises(PortalUnreachable):
                await bench.client_over(http).call("crm.lead.get", {"id": 1})
