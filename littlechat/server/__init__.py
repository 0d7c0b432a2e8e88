"""server."""

from littlechat.server import bodies
from littlechat.server.process import BACKLOG, serve_until
from littlechat.server.requests import Application, Exchange, SessionCookie

__all__ = [
    "Application",
    "BACKLOG",
    "Exchange",
    "SessionCookie",
    "bodies",
    "serve_until",
]
