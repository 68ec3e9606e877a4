"""A receiver of webhooks: a real server on loopback that writes down what it is told and answers as it was set."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Told:
    """One request."""

    path: str
    headers: dict[str, str]  # names in small letters
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Receiver:
    """``answers`` are used up one by one; afterwards every request gets 204. "hang" never answers."""

    url: str = ""
    told: list[Told] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):  # the sender may lose its patience
            self.told.append(await self._read(reader))
            answer = self.answers.pop(0) if self.answers else "204 No Content"
            if answer == "hang":
                await reader.read()
            else:
                writer.write(f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
                await writer.drain()
        writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Told:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        pairs = (line.split(": ", 1) for line in lines if line)
        headers = {name.lower(): value for name, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Told(first.split(" ")[1], headers, body)


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """Serve a receiver while the block runs."""
    built = Receiver()
    server = await asyncio.start_server(built.serve, "127.0.0.1", 0)
    built.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook?of=acme"
    try:
        yield built
    finally:
        server.close()
