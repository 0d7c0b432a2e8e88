"""Health checks and metrics, for what supervises the process."""

import hmac
from ipaddress import ip_address

from quart import Blueprint, Response, request
from werkzeug.exceptions import Forbidden

from littlechat.platform import CONTENT_TYPE
from littlechat.web.services import services

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
async def show_health() -> Response:
    """Respond that this process handles requests."""
    return Response("ok\n", content_type="text/plain; charset=utf-8")


@blueprint.get("/readyz")
async def show_readiness() -> Response:
    """Respond that the database answers; 503 if it does not."""
    await services().platform.database.ping()
    return Response("ready\n", content_type="text/plain; charset=utf-8")


@blueprint.get("/metrics")
async def show_metrics() -> Response:
    """Return this process's metrics for Prometheus, to this machine or with METRICS_TOKEN."""
    if not (_has_token() or _is_this_machine()):
        raise Forbidden("The numbers are for this machine, or for who has METRICS_TOKEN.")
    return Response(services().platform.metrics.text(), content_type=CONTENT_TYPE)


def _has_token() -> bool:
    token = services().settings.metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return token is not None and hmac.compare_digest(given.encode(), token.encode())


def _is_this_machine() -> bool:
    # Behind a proxy on this machine every client has the proxy's address.
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
