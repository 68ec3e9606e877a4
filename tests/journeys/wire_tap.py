"""What really arrived at the toy portals and their authorization server: a listener in front of both."""

from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from b24app.sandbox.server import SandboxServer


@dataclass
class Heard:
    """One HTTP request as it came over the wire."""

    port: int
    path: str
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytearray = field(default_factory=bytearray)

    def holds(self, text: str) -> bool:
        """Tell whether the text stands anywhere in the request."""
        wanted = text.encode()
        parts = (self.path.encode(), self.query, bytes(self.body), *(value for _, value in self.headers))
        return any(wanted in part for part in parts)


class TappedServer(SandboxServer):
    """Serves portals as ever, and writes down each request before it is answered."""

    def __init__(self, *arguments: object, heard: list[Heard], **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]
        self._heard = heard

    def _serve(self, app: ASGIApp, port: int) -> int:
        return super()._serve(_Tap(app, self._heard), port)


class _Tap:
    def __init__(self, app: ASGIApp, heard: list[Heard]) -> None:
        self._app = app
        self._heard = heard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        heard = Heard(scope["server"][1], scope["path"], scope["query_string"], scope["headers"])
        self._heard.append(heard)

        async def listen() -> Message:
            message = await receive()
            heard.body.extend(message.get("body", b""))
            return message

        await self._app(scope, listen, send)
