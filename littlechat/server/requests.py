"""How a request comes in and its answer goes out: Quart's own way, without what nothing here needs.

Each shortcut is taken where it changes nothing that a handler or a peer could tell; else, as for
bodies that are still on their way and answers in pieces, Quart's own way is gone.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextvars import Context
from functools import cache
from typing import Any, cast

from quart import Quart, Request, Response, current_app, has_request_context
from quart.asgi import ASGIHTTPConnection
from quart.sessions import NullSession, SessionInterface, SessionMixin
from quart.typing import ResponseTypes
from quart.wrappers.base import BaseRequestWebsocket
from quart.wrappers.request import Body
from quart.wrappers.response import DataBody
from quart_auth import QuartAuth
from werkzeug.routing import MapAdapter
from werkzeug.wrappers import Response as WerkzeugResponse

VERIFIED_SECONDS = 60.0
VERIFIED_MAX = 5_000
"""How long, and how many, cookies are known to be good without verifying them again."""

WATCH_SECONDS = 0.1
"""Most handlers are done by then: nobody need be told sooner that their client has left."""

NO_CONTEXT = Context()
"""A timer, even a cancelled one, would hold the request that set it."""

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class WatchedBody(Body):
    """Quart's body, which tells whether all of it is there."""

    @property
    def is_complete(self) -> bool:
        """Whether nothing more comes."""
        return self._complete.is_set()


class ReadyRequest(Request):
    """Quart's request, which parses a form that has arrived without a task and a timer to wait."""

    body_class = WatchedBody
    body: WatchedBody

    @property
    def blueprints(self) -> list[str]:
        """Return the names of the blueprints of the route, the innermost first."""
        return _blueprints(self.endpoint or "")

    async def _load_form_data(self) -> None:
        if self._form is not None:
            return
        if not self.body.is_complete:
            await super()._load_form_data()
            return
        self._form, self._files = await self.make_form_data_parser().parse(
            self.body, self.mimetype, self.content_length, self.mimetype_params
        )


@cache  # There are as many endpoints as routes.
def _blueprints(endpoint: str) -> list[str]:
    parts = endpoint.split(".")[:-1]
    return [".".join(parts[:count]) for count in range(len(parts), 0, -1)]


class Exchange(ASGIHTTPConnection):
    """A request and its answer, handled in the server's own task where Quart starts two more.

    What tells that the client has left, and so ends the handler, is begun only once the handler
    waits for something: for the rest of the body, or for `WATCH_SECONDS`.
    """

    def __init__(self, app: Quart, scope: Any) -> None:
        super().__init__(app, scope)
        self._client_left = False
        self._watching: asyncio.Task[None] | None = None

    async def __call__(self, receive: Receive, send: Send) -> None:
        """Handle the request to its end, or until its client leaves."""
        request = self._create_request_from_scope(send)
        handling = cast("asyncio.Task[Any]", asyncio.current_task())
        _take_in(request, receive)
        loop, body = asyncio.get_running_loop(), cast(WatchedBody, request.body)
        wait = WATCH_SECONDS if body.is_complete else 0.0
        soon = loop.call_later(wait, self._watch, request, receive, handling, context=NO_CONTEXT)
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

    async def _send_response(self, send: Send, response: ResponseTypes) -> None:
        body = response.response
        if type(body) is not DataBody:
            await super()._send_response(send, response)
            return
        headers = [(_encoded(name), value.encode()) for name, value in response.headers]
        await send(
            {"type": "http.response.start", "status": response.status_code, "headers": headers}
        )
        data = body.data[body.begin : body.end]
        await send({"type": "http.response.body", "body": data, "more_body": False})


def _take_in(request: Request, receive: Receive) -> None:
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


@cache  # Names of headers come from the code alone.
def _encoded(name: str) -> bytes:
    return name.lower().encode()


class SessionCookie(QuartAuth):
    """Quart-Auth with a Secure flag that is decided for each request, and cookies verified once."""

    def __init__(self, app: Quart, is_secure: Callable[[], bool]) -> None:
        self._is_secure = is_secure
        self._verified: dict[tuple[str, str], tuple[str, float]] = {}
        super().__init__(app)

    @property
    def cookie_secure(self) -> bool:
        return self._is_secure() if has_request_context() else True

    @cookie_secure.setter
    def cookie_secure(self, value: bool) -> None:
        """Ignore the fixed value that the extension sets."""

    def load_token(self, token: str, app: Quart | None = None) -> str | None:
        """Return what a cookie signs, or None; a good one is remembered for a moment.

        It says only which session to look up: whether that one lives is asked every time.
        """
        key, moment = (str((app or current_app).secret_key), token), time.monotonic()
        known = self._verified.get(key)
        if known is not None and known[1] > moment:
            return known[0]
        self._verified.pop(key, None)
        auth_id = super().load_token(token, app)
        if auth_id is not None:
            self._verified[key] = (auth_id, moment + VERIFIED_SECONDS)
            if len(self._verified) > VERIFIED_MAX:
                del self._verified[next(iter(self._verified))]
        return auth_id


class NoSessions(SessionInterface):
    """Quart's sessions in a cookie, left out: ours are in the database."""

    _nothing = NullSession()

    async def open_session(self, app: Quart, request: BaseRequestWebsocket) -> NullSession:
        """Return what holds nothing and can take nothing."""
        return self._nothing

    async def save_session(
        self, app: Quart, session: SessionMixin, response: Response | WerkzeugResponse | None
    ) -> None:
        """Keep nothing."""


class Application(Quart):
    """Quart with its requests handled as above; routes are found by the path alone."""

    asgi_http_class = Exchange
    request_class = ReadyRequest

    def __init__(self, name: str) -> None:
        super().__init__(name, static_folder=None, template_folder=None)
        # Quart annotates the class of its default, not the interface.
        self.session_interface = NoSessions()  # type: ignore[assignment]

    def create_url_adapter(self, request: BaseRequestWebsocket | None) -> MapAdapter | None:
        """Return what finds the route of `request`: a malformed Host must not fail outside our
        pages."""
        if request is None:
            return super().create_url_adapter(None)
        return self.url_map.bind(
            "localhost",
            url_scheme=request.scheme,
            default_method=request.method,
            path_info=request.path,
        )
