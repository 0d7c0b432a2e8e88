"""Hypercorn and Quart as we run them; `process` serves, `workers` runs several processes.

Every other file is one departure from upstream: what upstream does, what that costs, what we do
instead, which test guards it, when it can be dropped; `connection` and `application` join them.
It knows processes, connections and bodies, no chat: what it needs of the application comes as a
callback or a setting. Nothing else may import Hypercorn.
"""

from littlechat.server.application import Application
from littlechat.server.process import BACKLOG, serve_until
from littlechat.server.session_cookie import SessionCookie
from littlechat.server.workers import Workers, WorkersFailed

__all__ = ["BACKLOG", "Application", "SessionCookie", "Workers", "WorkersFailed", "serve_until"]
