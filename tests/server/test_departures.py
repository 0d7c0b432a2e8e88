"""Every departure from upstream gives its reason, for the version installed and with a guard."""

import ast
import re
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "littlechat" / "server"
FRONTS = {"__init__.py", "process.py", "workers.py", "connection.py", "application.py"}
FIELDS = ("Upstream", "Cost", "Instead", "Guard", "Until")
DEPARTURES = sorted(path for path in SERVER.glob("*.py") if path.name not in FRONTS)
UPSTREAM = re.compile(r"\b(Hypercorn|Quart-Auth|Quart)\s(\d+\.\d+)")

every_departure = pytest.mark.parametrize("path", DEPARTURES, ids=lambda path: path.stem)


def fields(path: Path) -> dict[str, str]:
    """Return what a module's docstring says, by the word that opens each part."""
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
    parts = re.split(r"^([A-Z][a-z]+): ", docstring, flags=re.MULTILINE)
    return dict(zip(parts[1::2], map(str.strip, parts[2::2]), strict=True))


@every_departure
def test_departure_says_why_it_is_there_and_until_when(path: Path) -> None:
    said = fields(path)
    assert tuple(said) == FIELDS
    assert all(said.values())


@every_departure
def test_departure_was_held_against_the_version_installed(path: Path) -> None:
    named = UPSTREAM.findall(fields(path)["Upstream"])
    assert named
    for library, release in named:
        assert version(library).startswith(f"{release}."), f"{library} is another: read it again"


@every_departure
def test_departure_is_guarded_by_tests_that_exist(path: Path) -> None:
    for guard in "".join(fields(path)["Guard"].split()).split(","):
        file, _, name = guard.partition("::")
        tree = ast.parse((ROOT / file).read_text())
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        assert name in {node.name for node in tree.body if isinstance(node, functions)}


def test_server_knows_no_chat() -> None:
    foreign = re.compile(r"^(?:from|import) littlechat\.(?!server\b)\w+", re.MULTILINE)
    assert [
        found for path in SERVER.glob("*.py") for found in foreign.findall(path.read_text())
    ] == []
