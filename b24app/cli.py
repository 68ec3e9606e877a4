"""``b24app serve · work · migrate · demo · audit · doctor``: each command is one call."""

import asyncio
import errno
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

import typer

from b24app import bootstrap
from b24app.config import Settings, SettingsMistake, read_environment, read_settings
from b24app.demo.check import check as run_check
from b24app.demo.stage import APP_PORT, OAUTH_PORT, PORTAL_PORTS, show
from b24app.doctor import examine
from b24app.services.audit.by_webhook.refusals import AuditStopped
from b24app.services.audit.by_webhook.webhook import AuditOrder
from b24app.store.errors import StoreUnavailable

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # they hold secrets
    help="Duplicates across leads, contacts and companies.",
)

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port to listen on.")]


def main() -> None:
    """Run the command line."""
    app()


def _settings(read: Callable[[], Settings] = read_settings) -> Settings:
    try:
        return read()
    except SettingsMistake as mistake:
        typer.echo(f"b24app can't start:\n{mistake}", err=True)
        raise typer.Exit(code=2) from mistake


def _run(job: Coroutine[object, object, None]) -> None:
    try:
        asyncio.run(job)
    except StoreUnavailable as error:
        typer.echo("b24app can't reach its database. What to do says: b24app doctor", err=True)
        raise typer.Exit(code=1) from error


@app.command()
def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    worker: Annotated[bool, typer.Option(help="Run background work in this process too.")] = True,
) -> None:
    """Serve pages, widgets and events."""
    _run(bootstrap.serve(_settings(), host=host, port=port, with_worker=worker))


@app.command()
def work() -> None:
    """Run background work alone."""
    _run(bootstrap.work(_settings()))


@app.command()
def migrate() -> None:
    """Bring the database to this version."""
    _run(bootstrap.migrate(_settings()))
    typer.echo("The database is up to date.")


@app.command()
def demo(
    check: Annotated[
        bool, typer.Option("--check", help="Do it without a person and say what was seen.")
    ] = False,
    data_dir: Annotated[Path, typer.Option(help="Where the demo keeps its database.")] = Path("var"),
) -> None:
    """Show the main job on invented data: a toy portal, the app installed into it, a lead with matches."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl+C does, the database with it
    with suppress(KeyboardInterrupt):
        try:
            wrong = asyncio.run(run_check(data_dir, typer.echo) if check else show(data_dir, typer.echo))
        except OSError as refused:
            if refused.errno != errno.EADDRINUSE:
                raise
            ports = ", ".join(map(str, (APP_PORT, OAUTH_PORT, *PORTAL_PORTS)))
            typer.echo(f"The demo needs ports {ports}, and one is taken. Is another demo running?", err=True)
            raise typer.Exit(code=1) from refused
        for sentence in wrong or ():
            typer.echo(f"WRONG: {sentence}", err=True)
        if wrong:
            raise typer.Exit(code=1)


@app.command()
def audit(
    webhook: Annotated[
        str, typer.Option(envvar="B24APP_WEBHOOK", help="Inbound webhook: https://PORTAL/rest/USER/CODE/")
    ],
    region: Annotated[str, typer.Option(help="Country of numbers without a country code.")] = "RU",
    xlsx: Annotated[Path | None, typer.Option(help="Write a workbook.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the result for programs.")] = None,
    with_values: Annotated[
        bool, typer.Option("--with-values", help="Put titles, phones and e-mails into the files.")
    ] = False,
    language: Annotated[Literal["ru", "en"], typer.Option(help="Of the summary and the workbook.")] = "ru",
) -> None:
    """Audit a portal through a webhook: nothing is installed, stored or changed."""
    order = AuditOrder(webhook, region, json, xlsx, with_values, language)
    try:
        for line in bootstrap.run_webhook_audit(order, _settings(read_environment)):
            typer.echo(line)
    except AuditStopped as stopped:
        typer.echo(str(stopped), err=True)
        raise typer.Exit(code=stopped.exit_code) from stopped


@app.command()
def doctor() -> None:
    """Check settings, database and reachability, and say what to do."""
    findings = asyncio.run(examine())
    for finding in findings:
        typer.echo(f"{'ok  ' if finding.is_good else 'BAD '} {finding.about}: {finding.says}")
    if not all(finding.is_good for finding in findings):
        raise typer.Exit(code=1)


if __name__ == "__main__":
    main()
