"""The conventions a reader relies on: the import ladder, fences, files, templates, settings."""

import ast
import posixpath
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "littlechat"
TEMPLATES, STATIC = PACKAGE / "templates", PACKAGE / "static"

# A module imports only from the lines above its own.
LADDER = """
models config logs addresses
clean
mentions listed
markup frames presence ordering datadir emojis terms segments jump kinds profile
notices
embedded bus db throttle metrics work patience images push outgoing
ends posts postings blobs roles bans avatars
changes
addressees
accounts rooms messages directs reading search indexer uploads
admission audit people subscriptions bots remains
deliveries
hub render access
faces
catchup crowd online
feed
feeds
live
news
actions notifications
threads administration
webhooks
web
web.*
app
serve
__main__
"""
RUNGS = LADDER.strip().split("\n")
PURE = " ".join(RUNGS[:5])  # no event loop, no waiting
FENCES = {  # a library, and the only modules that may import it
    "motor": "db",
    "pymongo": "db",
    "bson": "db",
    "redis": "bus",
    "quart": "web web.* app serve",
    "quart_auth": "web web.* app",
    "hypercorn": "serve web.socket",
    "jinja2": "render",
    "httpx": "outgoing",
    "emoji": "emojis",
    "nh3": "markup",
    "limits": "throttle",
    "argon2": "accounts",
    "PIL": "images",
    "prometheus_client": "metrics",
    "pywebpush": "push",
    "py_vapid": "push",
    "aiohttp": "push",
    "cryptography": "push",
    "secantus": "",
}
LINES_MAX = 400
SCRIPT_LINES_MAX = 149

MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path != PACKAGE / "__init__.py"
}
TEMPLATE_PATHS = sorted(TEMPLATES.rglob("*.html"))
SCRIPTS = sorted(set(STATIC.rglob("*.js")) - set(STATIC.glob("vendor/*")))
SHEETS = sorted(STATIC.rglob("*.css"))
every_module = pytest.mark.parametrize("module", MODULES)
every_template = pytest.mark.parametrize(
    "path", TEMPLATE_PATHS, ids=lambda path: path.relative_to(TEMPLATES).as_posix()
)


# The helpers, on sources as text


def matches(module: str, patterns: str) -> bool:
    """Whether a module is named in a line of the ladder or of the fences."""
    return any(
        module == one or (one.endswith(".*") and module.startswith(one[:-1]))
        for one in patterns.split()
    )


def level(module: str) -> int:
    found = [n for n, line in enumerate(RUNGS) if matches(module, line)]
    assert len(found) == 1, f"{module} stands on {len(found)} rungs of the ladder"
    return found[0]


def imports(source: str, modules: frozenset[str]) -> Iterator[str]:
    """Yield what a source imports, our own modules as `littlechat.<module>`."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(level=0, module=str(base), names=names):
                for alias in names:
                    inner = f"{base}.{alias.name}".removeprefix("littlechat.")
                    of_ours = base.split(".")[0] == "littlechat" and inner in modules
                    yield f"littlechat.{inner}" if of_ours else base
            case ast.ImportFrom(names=names):
                yield f"a relative import of {names[0].name}"
            case ast.Call(func=ast.Name("__import__") | ast.Attribute(attr="import_module")):
                yield "an import at run time"


def climbs(module: str, source: str, modules: frozenset[str]) -> list[str]:
    """Return the imports of a module that lead up, sideways, or nowhere."""
    wrong = []
    for name in imports(source, modules):
        if name.startswith(("a ", "an ")):
            wrong.append(name)
        elif name.split(".")[0] == "littlechat":
            inner = name.removeprefix("littlechat").removeprefix(".")
            if inner not in modules or level(inner) >= level(module):
                wrong.append(name)
    return wrong


def trespasses(module: str, source: str) -> list[str]:
    """Return the fenced libraries that a module imports and may not."""
    libraries = {name.split(".")[0] for name in imports(source, frozenset())}
    return sorted(
        library for library in libraries & FENCES.keys() if not matches(module, FENCES[library])
    )


def waits(source: str) -> list[str]:
    """Return what in a source belongs to an event loop."""
    kinds = (ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await)
    found = [type(node).__name__ for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)]
    return found + [name for name in imports(source, frozenset()) if name.startswith("asyncio")]


def unfinished(text: str) -> list[str]:
    return re.findall(r"\b(?:TODO|FIXME|XXX|HACK)\b", text)


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


def test_modules_and_the_ladder_are_the_same() -> None:
    assert {level(module) for module in MODULES} == set(range(len(RUNGS)))
    for name in LADDER.split():
        assert name in MODULES or name == "web.*", f"{name} is on the ladder and nowhere else"


@every_module
def test_module_imports_only_from_lower_levels(module: str) -> None:
    assert climbs(module, MODULES[module].read_text(), frozenset(MODULES)) == []


@every_module
def test_module_keeps_to_its_side_of_the_fences(module: str) -> None:
    assert trespasses(module, MODULES[module].read_text()) == []


@pytest.mark.parametrize("library", [name for name in FENCES if name != "secantus"])
def test_fence_stands_around_something(library: str) -> None:
    users = [
        module
        for module, path in MODULES.items()
        if library in {name.split(".")[0] for name in imports(path.read_text(), frozenset())}
    ]
    assert users


@pytest.mark.parametrize("module", PURE.split())
def test_lowest_levels_know_no_event_loop(module: str) -> None:
    assert waits(MODULES[module].read_text()) == []


@every_module
def test_module_says_what_it_owns(module: str) -> None:
    docstring = ast.get_docstring(ast.parse(MODULES[module].read_text())) or ""
    assert docstring.endswith(".")


@every_module
def test_module_is_short_enough_to_read(module: str) -> None:
    assert len(MODULES[module].read_text().splitlines()) <= LINES_MAX


@every_module
def test_module_has_tests_of_its_own(module: str) -> None:
    name = module.strip("_").replace(".", "_")
    assert (ROOT / "tests" / f"test_{name}.py").is_file()


def test_package_itself_is_empty() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    assert len(tree.body) == 1
    assert ast.get_docstring(tree)


def test_nothing_is_left_for_later() -> None:
    files = chain(MODULES.values(), TEMPLATE_PATHS, SCRIPTS, SHEETS)
    assert [path.name for path in files if unfinished(path.read_text())] == []


# Settings


def test_readme_has_a_row_for_every_variable_and_no_other() -> None:
    section = (ROOT / "README.md").read_text().partition("\n## Settings\n")[2].partition("\n## ")[0]
    rows = set(re.findall(r"^\| `([A-Z_]+)` \|", section, re.MULTILINE))
    assert rows == variables_read(MODULES["config"].read_text())


# Templates


def test_every_template_is_used_and_exists() -> None:
    sources = [path.read_text() for path in chain(MODULES.values(), TEMPLATE_PATHS)]
    used = set(chain.from_iterable(map(templates_named, sources)))
    assert used == {path.relative_to(TEMPLATES).as_posix() for path in TEMPLATE_PATHS}


@every_template
def test_template_has_no_code_or_style_in_the_page(path: Path) -> None:
    assert Inline(path.read_text()).faults == []


@every_template
def test_template_never_switches_escaping_off(path: Path) -> None:
    assert not re.search(r"\|\s*safe\b|autoescape", path.read_text())


@every_template
def test_template_addresses_nothing_outside(path: Path) -> None:
    assert not re.search(r"(?:https?:)?//[\w.-]+\.\w", path.read_text())


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


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(STATIC).as_posix())
def test_script_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= SCRIPT_LINES_MAX


# The checks themselves

KNOWN = frozenset(MODULES)


@pytest.mark.parametrize(
    ("module", "source", "wrong"),
    [
        ("rooms", "from littlechat.models import Room", []),
        ("rooms", "from littlechat import models", []),
        ("web.auth", "from littlechat.web import page", []),
        ("rooms", "import redis, littlechat.db", []),
        ("rooms", "from littlechat.hub import Hub", ["littlechat.hub"]),
        ("rooms", "from littlechat import hub", ["littlechat.hub"]),
        ("rooms", "import littlechat.hub as h", ["littlechat.hub"]),
        ("rooms", "from littlechat.messages import Messages", ["littlechat.messages"]),
        ("web.auth", "from littlechat.web import rooms", ["littlechat.web.rooms"]),
        ("web", "from littlechat.web.auth import login", ["littlechat.web.auth"]),
        ("rooms", "def f():\n    from littlechat.app import x", ["littlechat.app"]),
        ("rooms", "if TYPE_CHECKING:\n    from littlechat.app import x", ["littlechat.app"]),
        ("rooms", "from . import hub", ["a relative import of hub"]),
        ("rooms", "from littlechat.nowhere import x", ["littlechat.nowhere"]),
        ("rooms", "importlib.import_module('x')", ["an import at run time"]),
    ],
)
def test_import_that_climbs_is_caught(module: str, source: str, wrong: list[str]) -> None:
    assert climbs(module, source, KNOWN) == wrong


def test_module_without_a_rung_is_caught() -> None:
    with pytest.raises(AssertionError, match="utils stands on 0 rungs"):
        level("utils")


@pytest.mark.parametrize(
    ("module", "source", "wrong"),
    [
        ("db", "import motor.motor_asyncio", []),
        ("rooms", "from bson import ObjectId", ["bson"]),
        ("web.auth", "from quart import request\nimport motor", ["motor"]),
        ("render", "from quart.templating import x", ["quart"]),
        ("embedded", "import secantus", ["secantus"]),
    ],
)
def test_trespass_is_caught(module: str, source: str, wrong: list[str]) -> None:
    assert trespasses(module, source) == wrong


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
