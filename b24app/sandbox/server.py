"""Portals and their authorization server on real loopback ports, by uvicorn, in the running event loop.

``async with SandboxServer([portal], oauth) as served`` binds the ports, writes the addresses into the portals and the
authorization server, delivers events as they fall due, and stops everything at the end.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

import uvicorn
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from b24app.sandbox.certificates import write_certificate
from b24app.sandbox.control import control_routes
from b24app.sandbox.http_doors import create_oauth_app, create_portal_app
from b24app.sandbox.oauth import SandboxOAuth
from b24app.sandbox.portal import SandboxPortal

__all__ = ["SandboxServer", "Served", "create_oauth_app", "create_portal_app"]
HOST = "127.0.0.1"
PageRoutes = Callable[[SandboxPortal], Iterable[BaseRoute]]


@dataclass(frozen=True, slots=True)
class Served:
    """Where everything is; ``certificate`` is the file a client must trust, None over plain http."""

    portals: dict[str, str]
    oauth: str
    certificate: Path | None


class _QuietServer(uvicorn.Server):
    """A server that leaves the process's signals alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class SandboxServer:
    """Serves portals and one authorization server until the ``async with`` ends.

    A portal whose domain is ``127.0.0.1:8011`` gets that port; port 0, or a name, gets any free port and the domain
    is rewritten. ``pages`` adds the portal's screens; ``is_secure`` serves https with a throw-away certificate, good
    for loopback and ``host_names``.
    """

    def __init__(
        self,
        portals: Sequence[SandboxPortal],
        oauth: SandboxOAuth,
        *,
        oauth_port: int = 0,
        is_secure: bool = False,
        host_names: tuple[str, ...] = ("localhost",),
        pages: PageRoutes = lambda portal: (),
        delivers: bool = True,
    ) -> None:
        self._portals = portals
        self._oauth = oauth
        self._oauth_port = oauth_port
        self._is_secure = is_secure
        self._host_names = host_names
        self._pages = pages
        self._delivers = delivers
        self._stack = ExitStack()
        self._servers: list[uvicorn.Server] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._deliveries: list[asyncio.Task[None]] = []
        self._tls: tuple[Path, Path] | None = None

    async def __aenter__(self) -> Served:
        scheme = "https" if self._is_secure else "http"
        if self._is_secure:
            folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="b24app-sandbox-")))
            self._tls = write_certificate(folder, self._oauth.clock.now(), self._host_names)
        port = self._serve(create_oauth_app(self._oauth), self._oauth_port)
        self._oauth.base_url = f"{scheme}://{HOST}:{port}/"
        for portal in self._portals:
            routes = [*control_routes(portal), *self._pages(portal)]
            port = self._serve(create_portal_app(portal, routes), _port_of(portal.domain))
            portal.scheme, portal.domain = scheme, f"{HOST}:{port}"
            if self._delivers:
                self._deliveries.append(asyncio.create_task(portal.events.run()))
                self._deliveries.append(asyncio.create_task(portal.automation.run_clock()))
        await self._until_started()
        certificate = self._tls[0] if self._tls else None
        return Served(
            {portal.member_id: portal.base_url for portal in self._portals}, self._oauth.base_url, certificate
        )

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.should_exit = True
        for task in self._deliveries:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._deliveries, return_exceptions=True)
        self._stack.close()

    def _serve(self, app: ASGIApp, port: int) -> int:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # or no TCP_NODELAY
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        self._stack.callback(listener.close)
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            lifespan="off",
            ssl_certfile=str(self._tls[0]) if self._tls else None,
            ssl_keyfile=str(self._tls[1]) if self._tls else None,
            timeout_graceful_shutdown=1,
        )
        server = _QuietServer(config)
        self._servers.append(server)
        self._tasks.append(asyncio.create_task(server.serve(sockets=[listener])))
        bound: int = listener.getsockname()[1]
        return bound

    async def _until_started(self) -> None:
        while not all(server.started for server in self._servers):
            for task in self._tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(0.005)


def _port_of(domain: str) -> int:
    host, _, port = domain.partition(":")
    return int(port) if host in (HOST, "localhost") and port.isdigit() else 0


def client_tls(certificate: Path | None) -> ssl.SSLContext | bool:
    """Return what an httpx client needs as ``verify`` to trust a served sandbox."""
    return ssl.create_default_context(cafile=str(certificate)) if certificate else True
