"""Hypercorn and Quart as we run them. Each file is one departure from upstream, with its reason.

It knows processes, connections and bodies, no chat: what it needs of the application comes as a
callback. Nothing else may import Hypercorn.
"""

from littlechat.server.connection import RequestConnection
from littlechat.server.process import BACKLOG, serve_until
from littlechat.server.requests import Application, SessionCookie
from littlechat.server.websockets import BoundedWebsocket

__all__ = [
    "BACKLOG",
    "Application",
    "BoundedWebsocket",
    "RequestConnection",
    "SessionCookie",
    "serve_until",
]
