"""A demo that is started while another one runs."""

import socket
from contextlib import suppress
from pathlib import Path

from typer.testing import CliRunner

from b24app.cli import app
from b24app.demo.stage import APP_PORT, HOST


def test_a_second_demo_says_why_it_cannot_start_and_leaves_the_first_one_its_database(tmp_path: Path) -> None:
    database = tmp_path / "demo" / "of-the-first"
    database.parent.mkdir()
    database.touch()
    with socket.socket() as first:
        first.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # connections of one that ended may linger
        with suppress(OSError):  # a demo runs on this machine already
            first.bind((HOST, APP_PORT))
            first.listen()

        second = CliRunner().invoke(app, ["demo", "--data-dir", str(tmp_path)])

    assert second.exit_code == 1
    assert f"The demo needs ports {APP_PORT}," in second.output
    assert database.exists()
