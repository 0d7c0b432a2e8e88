"""Routes are found by the path alone.

Upstream: Quart 0.22, `app.py`, `Quart.create_url_adapter` binds the routes to the Host header of
each request.
Cost: a malformed Host raises before there is a request to handle, so that its sender gets a bare
500 instead of a page.
Instead: the routes are bound to a fixed name; nothing here depends on the host.
Guard: tests/server/test_routes_by_path.py::test_malformed_host_gets_a_page
Until: Quart answers a malformed Host with 400 through the application's error handlers.
"""

from quart import Quart
from quart.wrappers.base import BaseRequestWebsocket
from werkzeug.routing import MapAdapter


class RoutesByPath(Quart):
    """An application whose routes do not depend on the host."""

    def create_url_adapter(self, request: BaseRequestWebsocket | None) -> MapAdapter | None:
        """Return what finds the route of `request`."""
        if request is None:
            return super().create_url_adapter(None)
        return self.url_map.bind(
            "localhost",
            url_scheme=request.scheme,
            default_method=request.method,
            path_info=request.path,
        )
