"""The conventions a reader relies on, as far as import-linter cannot say them (pyproject.toml)."""

import ast
import posixpath
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import chain
from pathlib import Path

import pytest

from littlechat.app import COLLECTIONS

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "littlechat"
TEMPLATES, STATIC = PACKAGE / "templates", PACKAGE / "static"

PURE = ("core", "text")  # no event loop, no waiting

LINES_MAX = 400
SCRIPT_LINES_MAX = 149

MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path != PACKAGE / "__init__.py"
}
DOORS = {path.parent.name: path for path in sorted(PACKAGE.glob("*/__init__.py"))}
TEMPLATE_PATHS = sorted(TEMPLATES.rglob("*.html"))
SCRIPTS = sorted(set(STATIC.rglob("*.js")) - set(STATIC.glob("vendor/*")))
SHEETS = sorted(STATIC.rglob("*.css"))
# Every file is looked at within one test: nine hundred tests would only be slower to run.
SOURCES = {module: path.read_text() for module, path in MODULES.items()}
PAGES = {path.relative_to(TEMPLATES).as_posix(): path.read_text() for path in TEMPLATE_PATHS}


# The helpers, on sources as text


def imports(source: str) -> Iterator[tuple[str, str]]:
    """Yield what a source imports: the module, and the name taken from it or ""."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from ((alias.name, "") for alias in names)
            case ast.ImportFrom(level=0, module=str(base), names=names):
                yield from ((base, alias.name) for alias in names)
            case ast.ImportFrom(names=names):
                yield "a relative import", names[0].name
            case ast.Call(func=ast.Name("__import__") | ast.Attribute(attr="import_module")):
                yield "an import at run time", ""


def passes_a_door(module: str, source: str) -> list[str]:
    """Return the imports of a module that reach into another package past its door.

    Insiders import from their package's modules: its door would import them in turn.
    """
    own, wrong = module.split(".")[0], []
    for base, name in imports(source):
        of_ours, *inner = base.split(".")
        if base.startswith(("a ", "an ")):
            wrong.append(f"{base} {name}".strip())
        elif of_ours == "littlechat" and inner and inner[0] in DOORS:
            inside = own == inner[0]
            if inside != (len(inner) > 1) and not (inside and f"{own}.{name}" in MODULES):
                wrong.append(f"{base}.{name}")
    return wrong


def waits(source: str) -> list[str]:
    """Return what in a source belongs to an event loop."""
    kinds = (ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await)
    found = [type(node).__name__ for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)]
    return found + [name for name, _ in imports(source) if name.split(".")[0] == "asyncio"]


def unfinished(text: str) -> list[str]:
    return re.findall(r"\b(?:TODO|FIXME|XXX|HACK)\b", text)


def files_named(text: str) -> list[str]:
    """Return the paths that a document names in backticks; one with a placeholder names none."""
    found = re.findall(r"`([\w./-]+(?:\.(?:py|md|js|css|html|toml|yml|sh)|/))(?:::\w+)?`", text)
    return [one for one in found if "NOUN" not in one]


def variables_read(source: str) -> set[str]:
    """Return the environment variables that a source in `config.py`'s manner reads."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name("env"), attr="get"),
                args=[ast.Constant(str(name)), *_],
            ):
                found.add(name)
            case ast.Call(func=ast.Name(), args=[ast.Name("env"), ast.Constant(str(name)), *_]):
                found.add(name)
            case ast.Subscript(value=ast.Name("env"), slice=ast.Constant(str(name))):
                found.add(name)
    return found


def templates_named(text: str) -> set[str]:
    return set(re.findall(r"[\"']([\w/-]+\.html)[\"']", text))


def parts_linked(template: str) -> set[str]:
    """Return the static files that a template links."""
    return set(re.findall(r"static\(\s*[\"']([^\"']+)[\"']\s*\)", template))


def parts_sent(source: str) -> set[str]:
    """Return the static files that a module names, as the manifest does."""
    return set(re.findall(r"(?:static_url\(|STATIC / )\"([^\"]+)\"", source))


def parts_shown(text: str) -> set[str]:
    """Return the static files that a script names by their whole address."""
    return set(re.findall(r"\"/static/([^\"]+)\"", text))


def parts_imported(text: str, folder: str = "") -> set[str]:
    """Return the files that a script or a style sheet in a folder of `static/` pulls in."""
    found = re.findall(
        r"(?:import|from)\s*\(?\s*[\"'](\.[^\"']+)[\"']|url\(\s*[\"']?(\.[^\"')]+)", text
    )
    return {posixpath.normpath(posixpath.join(folder, one or other)) for one, other in found}


class Inline(HTMLParser):
    """Collects code and style that stand in the page itself, which the CSP forbids."""

    def __init__(self, template: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.feed(re.sub(r"\{[{%#].*?[}%#]\}", "", template, flags=re.DOTALL))
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        names = dict(attributes)
        if tag == "style" or (tag == "script" and "src" not in names):
            self.faults.append(f"<{tag}>")
        for name, value in attributes:
            if name == "style" or re.match(r"on|hx-on", name):
                self.faults.append(name)
            if (value or "").strip().lower().startswith(("javascript:", "js:")):
                self.faults.append(f"{name}={value}")


# Python


def test_modules_import_from_another_package_by_its_door_alone() -> None:
    insides = {name: text for name, text in SOURCES.items() if not name.endswith(".__init__")}
    wrong = {module: passes_a_door(module, text) for module, text in insides.items()}
    assert {module: found for module, found in wrong.items() if found} == {}


@pytest.mark.parametrize("package", DOORS)
def test_door_says_what_its_package_owns_and_shows_no_more_than_others_use(package: str) -> None:
    tree = ast.parse(DOORS[package].read_text())
    assert 3 <= len((ast.get_docstring(tree) or "").splitlines()) <= 8
    used = {
        name
        for module, path in MODULES.items()
        if module.split(".")[0] != package
        for base, name in imports(path.read_text())
        if base == f"littlechat.{package}"
    }
    shown = {
        alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert shown - {"COLLECTIONS"} == used


def test_lowest_packages_know_no_event_loop() -> None:
    lowest = [module for module in MODULES if module.split(".")[0] in PURE]
    assert lowest
    assert [module for module in lowest if waits(SOURCES[module])] == []


def test_every_collection_is_declared_by_one_package() -> None:
    declared = [spec.name for spec in COLLECTIONS]
    assert len(declared) == len(set(declared))
    for module, path in MODULES.items():
        if "CollectionSpec(" in path.read_text() and not module.endswith(".schema"):
            assert module == "platform.database"


def test_modules_say_what_they_own() -> None:
    told = {module: ast.get_docstring(ast.parse(text)) or "" for module, text in SOURCES.items()}
    assert [module for module, docstring in told.items() if not docstring.endswith(".")] == []


def test_modules_are_short_enough_to_read() -> None:
    lines = {module: len(text.splitlines()) for module, text in SOURCES.items()}
    assert {module: count for module, count in lines.items() if count > LINES_MAX} == {}


SCENARIOS = ("browser", "faults", "flows")
"""Folders of tests that go through everything; all others mirror a package."""

TOGETHER = ("server.departures", "text.rules", "text.visible")
"""What the modules of a package promise together, in a file of its own."""


@pytest.mark.parametrize("package", DOORS)
def test_tests_are_found_by_the_name_of_what_they_test(package: str) -> None:
    folder = ROOT / "tests" / package
    tested = [path.stem.removeprefix("test_") for path in folder.glob("test_*.py")]
    assert tested
    assert [name for name in tested if f"{package}.{name}" not in (*MODULES, *TOGETHER)] == []


def test_every_folder_of_tests_is_a_package_or_a_scenario() -> None:
    folders = {path.parent.name for path in (ROOT / "tests").glob("*/__init__.py")}
    assert folders == {*DOORS, *SCENARIOS}


def test_package_itself_is_empty() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    assert len(tree.body) == 1
    assert ast.get_docstring(tree)


def test_nothing_is_left_for_later() -> None:
    files = chain(MODULES.values(), TEMPLATE_PATHS, SCRIPTS, SHEETS)
    assert [path.name for path in files if unfinished(path.read_text())] == []


# Documents


@pytest.mark.parametrize("name", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_document_names_files_that_exist(name: str) -> None:
    named = files_named((ROOT / name).read_text())
    assert named
    assert [one for one in named if not any((top / one).exists() for top in (ROOT, PACKAGE))] == []


# Settings


def test_readme_has_a_row_for_every_variable_and_no_other() -> None:
    section = (ROOT / "README.md").read_text().partition("\n## Settings\n")[2].partition("\n## ")[0]
    rows = set(re.findall(r"^\| `([A-Z_]+)` \|", section, re.MULTILINE))
    assert rows == variables_read(MODULES["platform.configuration"].read_text())


# Templates


def test_every_template_is_used_and_exists() -> None:
    sources = [path.read_text() for path in chain(MODULES.values(), TEMPLATE_PATHS)]
    used = set(chain.from_iterable(map(templates_named, sources)))
    assert used == {path.relative_to(TEMPLATES).as_posix() for path in TEMPLATE_PATHS}


def test_templates_have_no_code_or_style_in_the_page() -> None:
    faults = {name: Inline(text).faults for name, text in PAGES.items()}
    assert {name: found for name, found in faults.items() if found} == {}


def test_templates_never_switch_escaping_off() -> None:
    assert [
        name for name, text in PAGES.items() if re.search(r"\|\s*safe\b|autoescape", text)
    ] == []


def test_templates_address_nothing_outside() -> None:
    outside = re.compile(r"(?:https?:)?//[\w.-]+\.\w")
    assert [name for name, text in PAGES.items() if outside.search(text)] == []


# The browser's part


def test_every_static_file_is_linked_and_exists() -> None:
    linked = set(chain.from_iterable(parts_linked(path.read_text()) for path in TEMPLATE_PATHS))
    imported = (
        parts_imported(path.read_text(), path.parent.relative_to(STATIC).as_posix())
        for path in (*SCRIPTS, *SHEETS)
    )
    linked.update(chain.from_iterable(imported))
    linked.update(*(parts_sent(path.read_text()) for path in MODULES.values()))
    linked.update(*(parts_shown(path.read_text()) for path in SCRIPTS))
    files = {str(path.relative_to(STATIC)) for path in STATIC.rglob("*") if path.is_file()}
    assert linked == {name for name in files if not Path(name).name.startswith(".")}


def test_scripts_are_short() -> None:
    lines = {path.name: len(path.read_text().splitlines()) for path in SCRIPTS}
    assert {name: count for name, count in lines.items() if count > SCRIPT_LINES_MAX} == {}


def test_scripts_ask_one_helper_whether_a_key_belongs_to_an_input_method() -> None:
    wanting = []
    for path in SCRIPTS:
        name, text = path.relative_to(STATIC), path.read_text()
        asks = name.name != "keys.js" and re.search(r'"(Enter|Escape)"|isComposing', text)
        if asks and "layout/keys.js" not in parts_imported(text, name.parent.as_posix()):
            wanting.append(name.as_posix())
    assert wanting == []


# The checks themselves


@pytest.mark.parametrize(
    ("module", "source", "wrong"),
    [
        ("rooms.store", "from littlechat.core import Room", []),
        ("rooms.store", "from littlechat.rooms.bans import Bans", []),
        ("rooms.store", "from littlechat.rooms import bans", []),
        ("app", "from littlechat.rooms import Rooms", []),
        ("rooms.store", "from littlechat.rooms import Rooms", ["littlechat.rooms.Rooms"]),
        ("rooms.store", "from littlechat.core.rooms import Room", ["littlechat.core.rooms.Room"]),
        ("app", "import littlechat.rooms.bans", ["littlechat.rooms.bans."]),
        ("rooms.store", "from . import bans", ["a relative import bans"]),
        ("rooms.store", "importlib.import_module('x')", ["an import at run time"]),
    ],
)
def test_import_past_a_door_is_caught(module: str, source: str, wrong: list[str]) -> None:
    assert passes_a_door(module, source) == wrong


@pytest.mark.parametrize(
    "source",
    [
        "async def f(): pass",
        "import asyncio",
        "from asyncio import sleep",
        "from asyncio.x import y",
    ],
)
def test_waiting_is_caught(source: str) -> None:
    assert waits(source)
    assert not waits("def f(async_name): return 'await asyncio'")


def test_unfinished_work_is_caught() -> None:
    assert unfinished("x = 1  # TODO: y") == ["TODO"]
    assert unfinished("a todo list") == []


def test_variables_are_found_however_they_are_read() -> None:
    source = "env.get('A')\nenv['B']\n_integer(env, 'C', 1)\nother.get('D')\nenv.get(name)"
    assert variables_read(source) == {"A", "B", "C"}


def test_templates_and_parts_are_found_where_they_are_named() -> None:
    named = templates_named("""page("x/a.html")\n{% include 'x/_b.html' %}""")
    assert named == {"x/a.html", "x/_b.html"}
    assert parts_linked("""<link href="{{ static('a.css') }}">""") == {"a.css"}
    assert parts_imported('import "./a.js";\nimport { x } from "./b.js";\nimport("./c.js")') == {
        "a.js",
        "b.js",
        "c.js",
    }
    assert parts_imported("mask: url(./d.svg)") == {"d.svg"}
    assert parts_imported('import "../y/a.js";\nimport "./b.js"', "x") == {"y/a.js", "x/b.js"}


@pytest.mark.parametrize(
    "template",
    [
        "<script>x</script>",
        "<style>a {}</style>",
        '<p style="color: red">',
        '<p onclick="x()">',
        '<p {% if a %}onclick="x()"{% endif %}>',
        '<p hx-on:click="x()">',
        '<a href=" JavaScript:x()">',
        """<p hx-vals='js:{"a": 1}'>""",
    ],
)
def test_inline_code_is_caught(template: str) -> None:
    assert Inline(template).faults
    assert not Inline('<script src="x"></script><p class="{{ a }}" data-on="x">').faults
