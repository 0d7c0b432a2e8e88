"""Serves the files of `static/`, which are read once, under addresses with their version."""

import re
from mimetypes import guess_type

from quart import Quart, Response, request
from werkzeug.exceptions import NotFound

from littlechat.platform import ConfigError
from littlechat.rendering import STATIC, static_url

VENDORED = ("vendor/htmx.min.js", "vendor/hx-ws.min.js")

VERSIONED = re.compile(r"^[0-9a-f]{12}/(?=(?!vendor/).+\.js$)")
"""The version that begins the path of one of our scripts."""


def require_browser_parts() -> None:
    """Raise `ConfigError` if htmx is missing, which is fetched when littlechat is installed."""
    missing = [name for name in VENDORED if not (STATIC / name).is_file()]
    if missing:
        raise ConfigError(
            f"Missing {', '.join(missing)}: the browser's part is fetched at installation. "
            "Install littlechat again:  pip install --editable ."
        )


def serve_static(app: Quart) -> None:
    """Serve `static/`; browsers cache an address with the file's own version for ever."""

    # Read once, some 200 KB in all: no part of a request is ever used as the name of a file.
    files = {
        file.relative_to(STATIC).as_posix(): file.read_bytes()
        for file in STATIC.rglob("*")
        if file.is_file() and not file.name.startswith(".")
    }

    @app.get("/static/<path:path>")
    async def show_static(path: str) -> Response:
        path = VERSIONED.sub("", path)
        content = files.get(path)
        if content is None:
            raise NotFound
        kind, _ = guess_type(path)
        response = Response(content, content_type=f"{kind}; charset=utf-8")
        await response.add_etag()
        await response.make_conditional(request)
        # Another version must not be cached: during an update old and new processes both serve.
        lasting = request.full_path.removesuffix("?") == static_url(path)
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if lasting else "no-cache"
        )
        return response
