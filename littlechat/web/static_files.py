"""The files of `static/`: read once, served under addresses that never change their content."""

import re
from mimetypes import guess_type

from quart import Quart, Response, request
from werkzeug.exceptions import NotFound

from littlechat.platform import ConfigError
from littlechat.rendering import STATIC, static_url

VENDORED = ("vendor/htmx.min.js", "vendor/hx-ws.min.js")

VERSIONED = re.compile(r"^[0-9a-f]{12}/(?=(?!vendor/).+\.js$)")
"""Begins the path of one of our scripts, in any version."""


def require_browser_parts() -> None:
    """Raise `ConfigError` if htmx, which is fetched when littlechat is installed, is not there."""
    missing = [name for name in VENDORED if not (STATIC / name).is_file()]
    if missing:
        raise ConfigError(
            f"Missing {', '.join(missing)}: the browser's part is fetched at installation. "
            "Install littlechat again:  pip install --editable ."
        )


def serve_static(app: Quart) -> None:
    """Serve `static/`; an address with the file's own version never changes its content."""

    # Read once, some 200 KB in all: nothing that is asked for ever becomes a file's name.
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
        # Another's version must not be kept: during an update old and new processes both serve.
        lasting = request.full_path.removesuffix("?") == static_url(path)
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if lasting else "no-cache"
        )
        return response
