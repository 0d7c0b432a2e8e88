"""Logs one line for each request, with the route and not the address, which may hold a secret."""

import logging
import time

from quart import Quart, Response, g, request

from littlechat.core import Session

log = logging.getLogger("littlechat.requests")


def log_requests(app: Quart) -> None:
    """Log one line for each request of `app`."""

    @app.before_request
    async def note_start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    async def write_line(response: Response) -> Response:
        if not log.isEnabledFor(logging.INFO):
            return response
        session: Session | None = g.get("session")
        started: float | None = g.get("started")
        log.info(
            "request",
            extra={
                "method": request.method,
                "route": request.url_rule.rule if request.url_rule else "-",
                "status": response.status_code,
                "ms": round((time.perf_counter() - started) * 1000, 1) if started else None,
                "user": session.user.id if session else "-",
            },
        )
        return response
