"""The app also works when it is installed as a wheel: everything it needs travels along."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import b24app

ROOT = Path(b24app.__file__).parents[1]
UV = Path(sys.executable).parent / "uv"
USE_ALL_OF_IT = """
from pathlib import Path
import b24app
from b24app.bootstrap import read_manifest
from b24app.web.templating import Pages
from b24app.store.schema import alembic_config
from alembic.script import ScriptDirectory
assert Path(b24app.__file__).is_relative_to(Path.cwd()), b24app.__file__
assert read_manifest().handlers()
pages = Pages(static_version="1", bx24_js_url="https://example.test/")
page = pages.render("pages/about.html", language="ru", portal_origin="")
assert 'lang="ru"' in page
assert (Path(b24app.__file__).parent / "static" / "app.js").exists()
assert ScriptDirectory.from_config(alembic_config(None)).get_current_head()
import b24app.cli
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [
            UV,
            "build",
            "--wheel",
            "--quiet",
            "--no-build-isolation",
            "--offline",
            "--python",
            sys.executable,
            "--out-dir",
            folder,
            ROOT,
        ],
        check=True,
    )
    inside = folder / "inside"
    zipfile.ZipFile(next(folder.glob("*.whl"))).extractall(inside)
    return inside


def test_a_wheel_brings_manifest_pages_texts_and_migrations(unpacked: Path):
    done = subprocess.run(
        [sys.executable, "-c", USE_ALL_OF_IT],
        cwd=unpacked,
        env={"PYTHONPATH": str(unpacked)},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
