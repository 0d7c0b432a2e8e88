"""Large bodies are taken only where files are.

Upstream: Quart 0.22, `asgi.py`, `ASGIHTTPConnection._create_request_from_scope` gives every request
the one `MAX_CONTENT_LENGTH`, before it is known which handler will have it.
Cost: where one handler takes files, anybody may send as much to every other.
Instead: the route is looked up first, and only a handler marked `takes_files` is given
`FILE_BYTES_MAX` more, and `FILE_SECONDS` for it.
Guard: tests/server/test_body_limits.py::test_plain_form_is_small_even_where_files_are_taken
Until: Quart has a limit for each route that holds while the body comes in.
"""

import contextlib
from typing import Any, cast

from quart.asgi import ASGIHTTPConnection
from quart.wrappers import Request
from werkzeug.exceptions import HTTPException

from littlechat.server.paced_bodies import Send

PLAIN_FORMS = ("application/x-www-form-urlencoded", "application/x-url-encoded")


class BodyLimitsConnection(ASGIHTTPConnection):
    """A request whose limits depend on its route."""

    def _create_request_from_scope(self, send: Send) -> Request:
        request = super()._create_request_from_scope(send)
        bytes_max = cast(int, self.app.config["MAX_CONTENT_LENGTH"])
        if request.method == "POST" and self._takes_files(request):
            bytes_max += cast(int, self.app.config["FILE_BYTES_MAX"])
            request.body_timeout = cast(int, self.app.config["FILE_SECONDS"])
            request.body = request.body_class(request.content_length, bytes_max)
        request.max_content_length = bytes_max
        return request

    def _takes_files(self, request: Request) -> bool:
        # A plain form is awaited as a whole: it must never be one that is paced.
        if request.mimetype in PLAIN_FORMS:
            return False
        adapter = self.app.create_url_adapter(request)
        with contextlib.suppress(HTTPException):
            endpoint, _ = cast(Any, adapter).match()
            return hasattr(self.app.view_functions[endpoint], "takes_files")
        return False
