"""littlechat as an installed app: the manifest, the service worker, and the offline page.

They are public and the same for everybody: the browser requests them without a cookie, and caches
them. Nothing personal may be in them.
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
    """Return the manifest by which a browser installs littlechat."""
    name = services().accounts.installation.name
    response = jsonify({**MANIFEST, "name": name, "short_name": name})
    response.content_type = "application/manifest+json"
    response.headers["Cache-Control"] = "no-cache"
    return response


@blueprint.get("/sw.js")
async def show_worker() -> ResponseReturnValue:
    """Return the service worker. It is at the root, since it is responsible for all pages."""
    response = Response(WORKER, content_type="text/javascript; charset=utf-8")
    response.headers["Service-Worker-Allowed"] = "/"
    response.headers["Cache-Control"] = "no-cache"
    return response


@blueprint.get("/offline")
async def show_offline() -> ResponseReturnValue:
    """Return the page that the service worker shows while the server cannot be reached."""
    response = Response(
        services().renderer.page(
            "installed/offline.html",
            session=None,
            installation=services().accounts.installation.name,
        ),
        content_type="text/html; charset=utf-8",
    )
    response.headers["Cache-Control"] = "no-cache"
    return response
