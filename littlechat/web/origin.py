"""The guard against requests of other sites' pages, for unsafe methods and socket handshakes."""

from quart import (
    request,
    websocket,
)
from werkzeug.datastructures import Headers
from werkzeug.exceptions import (
    Forbidden,
)

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def is_same_origin(headers: Headers) -> bool:
    """Whether a request comes from our own pages, or from no page at all.

    Decided by Fetch Metadata where the browser sends it (https and localhost), else by comparing
    Origin with Host. A client that sends neither is not a browser, and has no user's cookies.
    """
    site = headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin, host = headers.get("Origin"), headers.get("Host")
    return origin is None or (bool(host) and origin.partition("://")[2] == host)


async def refuse_cross_origin() -> None:
    """Refuse every unsafe request that another site's page made."""
    if request.method not in SAFE_METHODS and not is_same_origin(request.headers):
        raise Forbidden("This request came from another site.")


def handshake_is_same_origin() -> bool:
    """Whether a socket's handshake comes from one of our pages."""
    return is_same_origin(websocket.headers)
