"""A request is handled in the server's own task.

Upstream: Quart 0.22, `asgi.py`, `ASGIHTTPConnection.__call__` starts a task for the body and a task
for the handler, in the task that Hypercorn has started for the request.
Cost: measured, 20 to 30 us of the processor for every request, of 380 to 440 in all.
Instead: the handler runs in the task that is there. What tells that the client has left, and so
ends the handler, is begun only once the handler waits for something: for the rest of the body, or
for `WATCH_SECONDS`.
Guard: tests/server/test_single_task.py::test_a_handler_ends_when_its_client_leaves
Until: Quart starts fewer tasks; measure again.
"""

import asyncio
from contextvars import Context
from typing import Any, cast

from quart import Quart
from quart.asgi import ASGIHTTPConnection
from quart.wrappers import Request

from littlechat.server.paced_bodies import PacedRequest, Receive, Send

WATCH_SECONDS = 0.1
"""Most handlers are done by then: nobody need be told sooner that their client has left."""

NO_CONTEXT = Context()
"""A timer, even a cancelled one, would keep the request that set it."""


class SingleTaskConnection(ASGIHTTPConnection):
    """A request that is handled in the server's own task."""

    def __init__(self, app: Quart, scope: Any) -> None:
        super().__init__(app, scope)
        self._client_left = False
        self._watching: asyncio.Task[None] | None = None

    async def __call__(self, receive: Receive, send: Send) -> None:
        """Handle the request to its end, or until its client leaves."""
        request = cast(PacedRequest, self._create_request_from_scope(send))
        handling = cast("asyncio.Task[Any]", asyncio.current_task())
        _take_what_came(request, receive)
        wait = WATCH_SECONDS if request.body.is_complete else 0.0
        soon = asyncio.get_running_loop().call_later(
            wait, self._watch, request, receive, handling, context=NO_CONTEXT
        )
        try:
            await self.handle_request(request, send)
        except asyncio.CancelledError:
            if not self._client_left or handling.uncancel():
                raise
        finally:
            soon.cancel()
            if self._watching is not None:
                self._watching.cancel()

    def _watch(self, request: Request, receive: Receive, handling: "asyncio.Task[Any]") -> None:
        self._watching = asyncio.create_task(self._until_left(request, receive, handling))

    async def _until_left(
        self, request: Request, receive: Receive, handling: "asyncio.Task[Any]"
    ) -> None:
        await self.handle_messages(request, receive)
        self._client_left = True
        handling.cancel()


def _take_what_came(request: Request, receive: Receive) -> None:
    """Give the request what has come of its body with its head, and wait for nothing.

    A small form has come whole, as a rule.
    """
    if not request.headers.get("Content-Length") and "Transfer-Encoding" not in request.headers:
        request.body.set_complete()
        return
    while True:
        message = _at_once(receive())
        if message is None or message["type"] != "http.request":
            return
        request.body.append(message.get("body", b""))
        if not message.get("more_body", False):
            request.body.set_complete()
            return


def _at_once(waiting: Any) -> Any:
    """Return what can be had without waiting, or None: then nothing is taken."""
    try:
        waiting.send(None)
    except StopIteration as done:
        return done.value
    waiting.close()
    return None
