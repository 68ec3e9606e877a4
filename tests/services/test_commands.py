"""What the command line says when it can't start."""

import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from b24app.cli import app

RIGHT = {
    "B24APP_SECRET_KEY": "of no installation, and long enough to be one",
    "B24APP_CLIENT_ID": "local.1",
    "B24APP_CLIENT_SECRET": "of no portal",
    "B24APP_BASE_URL": "https://app.example",
}


@pytest.mark.parametrize("command", ["serve", "work", "migrate", "doctor"])
@pytest.mark.parametrize("address", ["nonsense", "mysql://db.example/b24app"])
def test_an_address_of_no_postgresql_is_named_as_a_mistake(command: str, address: str) -> None:
    said = CliRunner().invoke(app, [command], env={**RIGHT, "B24APP_DATABASE_URL": address})

    assert "B24APP_DATABASE_URL must begin with postgresql://" in said.output
    assert said.exit_code == (1 if command == "doctor" else 2)


@pytest.mark.parametrize("command", ["work", "migrate"])
def test_a_database_that_does_not_answer_is_a_sentence(command: str) -> None:
    nobody = "postgresql://b24app@127.0.0.1:1/b24app"
    said = subprocess.run(  # a process of its own: it sets up the logs of one
        [sys.executable, "-c", "from b24app.cli import main; main()", command],
        env={**os.environ, **RIGHT, "B24APP_DATABASE_URL": nobody},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert said.returncode == 1
    assert "can't reach its database" in said.stderr
    assert "Traceback" not in said.stderr
