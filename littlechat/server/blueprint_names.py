"""The names of a request's blueprints are worked out once for each route.

Upstream: Quart 0.22, `wrappers/base.py`, `BaseRequestWebsocket.blueprints` imports a function and
splits the name of the endpoint whenever it is asked, several times for a request.
Cost: measured, 20 us of the processor for every request, of 410 to 480 in all.
Instead: a cache by endpoint; there are as many as routes.
Guard: tests/server/test_blueprint_names.py::test_blueprints_are_named_as_quart_names_them
Until: Quart keeps them.
"""

from functools import cache

from quart.wrappers import Request


class BlueprintNamesRequest(Request):
    """A request that knows the blueprints of its route."""

    @property
    def blueprints(self) -> list[str]:
        """Return the names of the blueprints of the route, the innermost first."""
        return _blueprints(self.endpoint or "")


@cache
def _blueprints(endpoint: str) -> list[str]:
    parts = endpoint.split(".")[:-1]
    return [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
