"""The guard against requests of other sites' pages, for unsafe methods and socket handshakes."""

from quart import (
    request,
    websocket,
)
from werkzeug.datastructures import Headers
from werkzeug.exceptions import (
    Forbidden,
)

from littlechat.web.proxies import changed_host

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class OtherSite(Forbidden):
    """A page of another site made the request, or a proxy makes ours look like one."""

    def __init__(self, headers: Headers) -> None:
        super().__init__("This request came from another site.")
        self.cause = changed_host(headers)


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
        raise OtherSite(request.headers)


def require_same_origin_handshake() -> None:
    """Refuse a socket that another site's page opens."""
    if not is_same_origin(websocket.headers):
        raise OtherSite(websocket.headers)
