"""Builds everything once from the settings; imported by the command line alone."""

import asyncio
import gc
import secrets
import signal
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI

import b24app
from b24app.bitrix24.calls import CallRecord
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.errors import Bitrix24Error
from b24app.bitrix24.throttle import Priority, Throttle
from b24app.bitrix24.tokens import Access, AuthorizationServer
from b24app.bitrix24.webhooks import WebhookGrant
from b24app.bitrix24.wire import Http, Send, make_http, make_sender
from b24app.clock import Clock, SystemClock
from b24app.config import Settings
from b24app.dedupe.keys import THIS_PROCESS
from b24app.jobs.queue import JobQueue
from b24app.jobs.tasks import add_tasks
from b24app.logs import logger, quiet_addresses, set_up_logs
from b24app.services.audit.by_webhook.files import write_files
from b24app.services.audit.by_webhook.gathering import Progress
from b24app.services.audit.by_webhook.refusals import AuditStopped, sentence_for
from b24app.services.audit.by_webhook.result import Material
from b24app.services.audit.by_webhook.terminal import progress_bar, summary_lines
from b24app.services.audit.by_webhook.webhook import AuditOrder, WebhookAudit, open_audit
from b24app.services.audit.words import WORDS
from b24app.services.health import count_call
from b24app.services.portal.context import Queue, Runtime
from b24app.services.portal.manifest import Manifest, parse_manifest
from b24app.store import database, embedded
from b24app.store.address import libpq_dsn
from b24app.store.vault import Vault
from b24app.web.app import create_app

MAX_WAIT_S = {Priority.PERSON: 8.0, Priority.ROBOT: 30.0, Priority.EVENT: 120.0, Priority.BACKGROUND: 900.0}
"""How long a caller of each kind waits for its turn before the portal counts as busy."""
POOL_SIZE = 12
YOUNG_OBJECTS = 10_000  # between two looks for garbage: a request for 2,500 records makes as many
CONNECTIONS = 200
RECEIVER_TIMEOUT_S = 5.0  # of a webhook, from the name's resolution to the answer's first line

log = logger("b24app")
rest_log = logger("b24app.rest")


@dataclass(frozen=True, slots=True)
class House:
    """A running process: what use cases need, and the queue that a worker runs."""

    runtime: Runtime
    queue: JobQueue


def read_manifest() -> Manifest:
    """Read ``install/portal.toml``: from the wheel, or from the tree it was built from."""
    inside = Path(b24app.__file__).parent / "install" / "portal.toml"
    beside = Path(b24app.__file__).parents[1] / "install" / "portal.toml"
    return parse_manifest((inside if inside.exists() else beside).read_text(encoding="utf-8"))


async def database_url(settings: Settings) -> str:
    """Return the database's address, starting the embedded one when none is set."""
    if settings.database_url:
        return settings.database_url
    return await embedded.start_embedded(settings.data_dir)


async def migrate(settings: Settings) -> None:
    """Bring the schema and the queue's tables to this version."""
    url = await database_url(settings)
    await database.migrate(url)
    queue = JobQueue(libpq_dsn(url))
    await queue.open()
    await queue.close()


@asynccontextmanager
async def open_house(
    settings: Settings, clock: Clock | None = None, http: Http | None = None
) -> AsyncIterator[House]:
    """Connect to everything; the embedded database is migrated by itself. Tests bring their clock and wire."""
    clock = clock or SystemClock()
    url = await database_url(settings)
    if not settings.database_url:
        await database.migrate(url)
    vault = make_vault(settings)
    queue = JobQueue(libpq_dsn(url))
    insecure = settings.allow_insecure_http
    async with (
        http or make_http(allow_insecure=insecure, max_connections=CONNECTIONS) as wire,
        make_sender(allow_insecure=insecure, timeout_s=RECEIVER_TIMEOUT_S) as send,
    ):
        store = await database.Store.open(url, vault, clock=clock, pool_size=POOL_SIZE)
        runtime = make_runtime(settings, store, queue, wire, send, clock, vault)
        add_tasks(queue, lambda: runtime)
        await queue.open()
        try:
            yield House(runtime, queue)
        finally:
            await queue.close()
            await store.close()


def make_vault(settings: Settings) -> Vault:
    """Return the vault with the current secret, and the previous one while it is being replaced."""
    previous = settings.secret_key_previous.get_secret_value().encode()
    return Vault(settings.secret_key.get_secret_value().encode(), previous or None)


def make_runtime(
    settings: Settings,
    store: database.Store,
    queue: Queue,
    http: Http,
    send: Send,
    clock: Clock,
    vault: Vault,
) -> Runtime:
    """Wire the parts together."""
    return Runtime(
        store=store,
        oauth=make_oauth(settings, http, clock),
        make_client=client_maker(http, clock),
        queue=queue,
        send=send,
        clock=clock,
        manifest=read_manifest(),
        base_url=settings.base_url,
        client_id=settings.client_id,
        bx24_js_url=settings.bx24_js_url,
        page_keys=tuple(vault.page_keys()),
        allow_insecure=settings.allow_insecure_http,
    )


def make_oauth(settings: Settings, http: Http, clock: Clock) -> AuthorizationServer:
    """Return the authorization server's client: the only holder of the client secret."""
    return AuthorizationServer(
        http,
        base_url=settings.oauth_url,
        client_id=settings.client_id,
        client_secret=settings.client_secret.get_secret_value(),
        clock=clock,
        log=log_call,
        allow_insecure=settings.allow_insecure_http,
    )


def client_maker(http: Http, clock: Clock) -> Callable[[Access, Throttle, Priority], PortalClient]:
    """Return what makes a client for one portal, one voice and one priority."""

    def make_client(access: Access, throttle: Throttle, priority: Priority) -> PortalClient:
        return PortalClient(
            http=http,
            access=access,
            throttle=throttle,
            clock=clock,
            log=log_call,
            priority=priority,
            max_wait_s=MAX_WAIT_S[priority],
        )

    return make_client


def log_call(call: CallRecord) -> None:
    """Write one REST request and its answer into the log that is kept for days: names and sizes, no values."""
    count_call(call)
    rest_log.info(
        "rest",
        portal=call.origin,
        method=call.method,
        commands=dict(call.commands),
        priority=call.priority,
        parameters=" ".join(call.parameters),
        request_bytes=call.request_bytes,
        response_bytes=call.response_bytes,
        status=call.status,
        duration_ms=round(call.duration_s * 1000, 1),
        error_code=call.error,
        attempt=call.attempt,
    )


async def serve(settings: Settings, *, host: str, port: int, with_worker: bool) -> None:
    """Run the web, and the worker beside it, until the process is asked to stop."""
    set_up_logs(level=settings.log_level, data_dir=settings.data_dir)
    async with open_house(settings) as house, AsyncExitStack() as beside:
        if with_worker:
            await beside.enter_async_context(worker_beside(house))
        _leave_in_peace()
        await make_server(create_app(house.runtime), host, port).serve()


@asynccontextmanager
async def worker_beside(house: House) -> AsyncIterator[None]:
    """Run the worker while the block runs; its jobs get a moment to end."""
    worker = asyncio.create_task(run_worker(house))
    try:
        yield
    finally:
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker


def make_server(app: FastAPI, host: str, port: int) -> uvicorn.Server:
    """Return a server that leaves logging to us and tells nobody what it is."""
    config = uvicorn.Config(
        app, host=host, port=port, log_config=None, access_log=False, server_header=False, date_header=False
    )
    return uvicorn.Server(config)


async def work(settings: Settings) -> None:
    """Run background work until the process is asked to stop; jobs under way get a moment to end."""
    set_up_logs(level=settings.log_level, data_dir=settings.data_dir)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with open_house(settings) as house, worker_beside(house):
        _leave_in_peace()
        await stopped.wait()


def _leave_in_peace() -> None:
    """Never look for garbage in what was built at the start: that would cost a request 100 ms, an audit a third."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])


async def run_worker(house: House) -> None:
    """Run jobs; what a killed worker left is found by the minute's healing."""
    log.info("worker started")
    await house.queue.work()


def run_webhook_audit(order: AuditOrder, settings: Settings, clock: Clock | None = None) -> Iterable[str]:
    """Audit a portal through an incoming webhook, write the files and return the summary. Raises AuditStopped.

    Neither database nor log: what was read is forgotten with the process.
    """
    quiet_addresses()
    insecure = settings.allow_insecure_http
    grant = order.grant(allow_insecure=insecure)
    order.check()
    clock = clock or SystemClock()
    started_at = clock.now()
    try:
        with progress_bar() as progress:
            reading = _read_through(grant, order, clock, progress, insecure=insecure)
            audit, material = asyncio.run(reading)
        result = audit.conclude(material, started_at)
        write_files(result, order)
    except Bitrix24Error as error:
        raise AuditStopped(sentence_for(error, order.language)) from error
    except OSError as error:
        raise AuditStopped(f"{error.filename or 'a file'}: {error.strerror or error}") from error
    return summary_lines(result, WORDS[order.language])


async def _read_through(
    grant: WebhookGrant, order: AuditOrder, clock: Clock, progress: Progress, *, insecure: bool
) -> tuple[WebhookAudit, Material]:
    patience_s = MAX_WAIT_S[Priority.BACKGROUND]
    async with make_http(allow_insecure=insecure, max_connections=CONNECTIONS) as http:
        audit = open_audit(http, grant, order, clock, hashing_key=THIS_PROCESS, max_wait_s=patience_s)
        return audit, await audit.read(progress)


def demo_settings(data_dir: Path, **overrides: object) -> Settings:
    """Return settings for a demo or test: keys made once and kept in its folder, loopback allowed."""
    data_dir.mkdir(parents=True, exist_ok=True)
    key_file = data_dir / "demo-secret"
    if not key_file.exists():
        key_file.write_text(secrets.token_urlsafe(48), encoding="ascii")
    base = Settings(
        data_dir=data_dir,
        secret_key=key_file.read_text(encoding="ascii"),  # type: ignore[arg-type]
        client_id="local.b24app.demo.stage",
        client_secret="demo-client-secret",  # type: ignore[arg-type]  # noqa: S106
        allow_insecure_http=True,
    )
    return base.model_copy(update=overrides)
