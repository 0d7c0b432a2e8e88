"""Hypercorn and Quart as we run them. `process` is the front; every other file is one departure.

Each departure says what upstream does, what that costs, what we do instead, which test guards it
and when it can be dropped; `connection` and `application` put them together.
It knows processes, connections and bodies, no chat: what it needs of the application comes as a
callback or a setting. Nothing else may import Hypercorn.
"""

from littlechat.server.application import Application
from littlechat.server.process import BACKLOG, serve_until
from littlechat.server.session_cookie import SessionCookie

__all__ = ["BACKLOG", "Application", "SessionCookie", "serve_until"]
