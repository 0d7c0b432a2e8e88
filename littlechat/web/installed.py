"""littlechat as an app on a phone or a desk: its manifest, its worker, and the page without a line.

Open to anybody and the same for everybody: the browser asks for them without a cookie, and keeps
what the worker tells it to. Nothing of anybody's may stand in them.
"""

from quart import Blueprint, Response, jsonify
from quart.typing import ResponseReturnValue

from littlechat.rendering import STATIC, static_url
from littlechat.web.services import services

blueprint = Blueprint("installed", __name__)

WORKER = (STATIC / "installed/service_worker.js").read_bytes()

ICONS = [
    {"src": static_url("installed/icon.svg"), "sizes": "any", "type": "image/svg+xml"},
    {"src": static_url("installed/icon-192.png"), "sizes": "192x192", "type": "image/png"},
    {"src": static_url("installed/icon-512.png"), "sizes": "512x512", "type": "image/png"},
    {
        "src": static_url("installed/icon-maskable.png"),
        "sizes": "512x512",
        "type": "image/png",
        "purpose": "maskable",
    },
]

MANIFEST = {
    "id": "/",
    "name": "littlechat",
    "short_name": "littlechat",
    "description": "Your team's own chat.",
    "start_url": "/rooms",
    "scope": "/",
    "display": "standalone",
    "theme_color": "#f1ede3",
    "background_color": "#f1ede3",
    "icons": ICONS,
}


@blueprint.get("/manifest.webmanifest")
async def show_manifest() -> ResponseReturnValue:
    """Tell a browser how to install us."""
    response = jsonify(MANIFEST)
    response.content_type = "application/manifest+json"
    response.headers["Cache-Control"] = "no-cache"
    return response


@blueprint.get("/sw.js")
async def show_worker() -> ResponseReturnValue:
    """Return the service worker, which minds all pages and so must stand at the root."""
    response = Response(WORKER, content_type="text/javascript; charset=utf-8")
    response.headers["Service-Worker-Allowed"] = "/"
    response.headers["Cache-Control"] = "no-cache"
    return response


@blueprint.get("/offline")
async def show_offline() -> ResponseReturnValue:
    """Show the page that the worker keeps for when the server cannot be reached."""
    response = Response(
        services().renderer.page("installed/offline.html", session=None),
        content_type="text/html; charset=utf-8",
    )
    response.headers["Cache-Control"] = "no-cache"
    return response
