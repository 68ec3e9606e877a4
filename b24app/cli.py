"""``b24app serve · work · migrate · demo · doctor``: each command is one call."""

import asyncio
from typing import Annotated

import typer

from b24app import bootstrap
from b24app.config import Settings as Settings
from b24app.config import SettingsMistake, read_settings

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Duplicates across leads, contacts and companies."
)

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port to listen on.")]


def main() -> None:
    """Run the command line."""
    app()


def _settings() -> Settings:
    try:
        return read_settings()
    except SettingsMistake as mistake:
        typer.echo(f"b24app can't start:\n{mistake}", err=True)
        raise typer.Exit(code=2) from mistake


@app.command()
def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    worker: Annotated[bool, typer.Option(help="Run background work in this process too.")] = True,
) -> None:
    """Serve pages, widgets and events."""
    asyncio.run(bootstrap.serve(_settings(), host=host, port=port, with_worker=worker))


@app.command()
def work() -> None:
    """Run background work alone."""
    asyncio.run(bootstrap.work(_settings()))


@app.command()
def migrate() -> None:
    """Bring the database to this version."""
    asyncio.run(bootstrap.migrate(_settings()))
    typer.echo("The database is up to date.")


if __name__ == "__main__":
    main()
