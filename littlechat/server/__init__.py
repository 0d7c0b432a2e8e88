"""server."""

from littlechat.server.connection import RequestConnection
from littlechat.server.process import BACKLOG, serve_until
from littlechat.server.requests import Application, SessionCookie
from littlechat.server.websockets import BoundedWebsocket

__all__ = [
    "Application",
    "BACKLOG",
    "BoundedWebsocket",
    "RequestConnection",
    "SessionCookie",
    "serve_until",
]
