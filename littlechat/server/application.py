"""Quart's application, its requests and WebSockets, put together from the departures."""

from littlechat.server.bare_send import BareSendWebsocket
from littlechat.server.blueprint_names import BlueprintNamesRequest
from littlechat.server.body_limits import BodyLimitsConnection
from littlechat.server.bounded_inbox import BoundedInboxWebsocket
from littlechat.server.kept_forms import KeptFormsConnection, KeptFormsRequest
from littlechat.server.lingering_answers import LingeringAnswersConnection
from littlechat.server.no_sessions import NoSessions
from littlechat.server.paced_bodies import PacedBodiesConnection
from littlechat.server.ready_forms import ReadyFormsRequest
from littlechat.server.routes_by_path import RoutesByPath
from littlechat.server.single_task import SingleTaskConnection
from littlechat.server.whole_answers import WholeAnswersConnection


class RequestConnection(
    LingeringAnswersConnection,
    KeptFormsConnection,
    PacedBodiesConnection,
    BodyLimitsConnection,
    SingleTaskConnection,
    WholeAnswersConnection,
):
    """One request and its answer, in the place of Quart's `ASGIHTTPConnection`."""


class ServedRequest(ReadyFormsRequest, KeptFormsRequest, BlueprintNamesRequest):
    """What handlers know as `request`."""


class WebsocketConnection(BoundedInboxWebsocket, BareSendWebsocket):
    """One WebSocket, in the place of Quart's `ASGIWebsocketConnection`."""


class Application(RoutesByPath):
    """Quart with requests and WebSockets handled as this package does."""

    asgi_http_class = RequestConnection
    asgi_websocket_class = WebsocketConnection
    request_class = ServedRequest

    def __init__(self, name: str) -> None:
        super().__init__(name, static_folder=None, template_folder=None)
        # Quart annotates the class of its default, not the interface.
        self.session_interface = NoSessions()  # type: ignore[assignment]
