"""Files and functions stay small enough to be read in one go."""

import ast
from pathlib import Path

import pytest

import b24app

ROOT = Path(b24app.__file__).parents[1]
MODULES = sorted(path for path in (ROOT / "b24app").rglob("*.py") if "migrations" not in path.parts)
FILE_LINES, FUNCTION_LINES = 300, 40


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_fits_on_a_few_screens(path: Path):
    lines = path.read_text(encoding="utf-8").splitlines()

    assert len(lines) <= FILE_LINES


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_function_fits_on_one_screen(path: Path):
    tree = ast.parse(path.read_text(encoding="utf-8"))

    too_long = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES
    ]

    assert too_long == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_it_owns(path: Path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
