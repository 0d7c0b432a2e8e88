"""The addresses of static files: they change with the content, so that browsers cache for ever."""

import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
STATIC = PACKAGE / "static"
TEMPLATES = PACKAGE / "templates"

OFFLINE_PARTS = (
    "layout/style.css",
    "layout/pages.css",
    "installed/offline.js",
    "installed/icon.svg",
)
"""What the page that shows without a connection is made of."""


def worker_version() -> str:
    """Return the version of all that a browser's service worker caches.

    A browser that meets another version installs the worker again, with the new files.
    """
    page = (TEMPLATES / "installed/offline.html").read_bytes()
    parts = "".join(map(static_url, OFFLINE_PARTS)).encode()
    return hashlib.sha256(page + parts).hexdigest()[:12]


def static_url(path: str) -> str:
    """Return a static file's address, which changes with its content.

    Our scripts have one version: they import each other by relative addresses, which inherit it.
    """
    if path.endswith(".js") and not path.startswith("vendor/"):
        return f"/static/{scripts_version()}/{path}"
    return f"/static/{path}?v={_version(path)}"


@cache
def scripts_version() -> str:
    """Return the one version of all our scripts, which changes with any of them."""
    paths = (file.relative_to(STATIC).as_posix() for file in STATIC.rglob("*.js"))
    return _version(*sorted(path for path in paths if not path.startswith("vendor/")))


@cache
def _version(*paths: str) -> str:
    content = b"".join((STATIC / path).read_bytes() for path in paths)
    return hashlib.sha256(content).hexdigest()[:12]
