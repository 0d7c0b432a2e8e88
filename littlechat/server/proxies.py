"""Proxies in front are believed about the client, and about the scheme of sockets too.

Upstream: Hypercorn 0.18, `middleware/proxy_fix.py`, `ProxyFixMiddleware` gives a socket the scheme
that the proxy names, `https`.
Cost: Quart looks for a page at the socket's address, and no socket opens behind a proxy with TLS.
Instead: the scheme of a socket is made `wss` again.
Guard: tests/server/test_proxies.py::test_sockets_work_behind_a_proxy_that_names_the_scheme
Until: Hypercorn maps the scheme of WebSocket scopes itself.
"""

from typing import Any

from hypercorn.middleware import ProxyFixMiddleware

SOCKET_SCHEMES = {"http": "ws", "https": "wss"}


def behind_proxies(app: Any, hops: int) -> Any:
    """Return an ASGI application that believes `hops` proxies about the client."""

    async def connections(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            scope["scheme"] = SOCKET_SCHEMES.get(scope["scheme"], scope["scheme"])
        await app(scope, receive, send)

    return ProxyFixMiddleware(connections, trusted_hops=hops) if hops else app
