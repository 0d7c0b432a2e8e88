"""What a supervisor asks: alive, and ready."""

from quart import Blueprint, Response

from littlechat.web import services

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
async def show_health() -> Response:
    """Say that this process handles requests."""
    return Response("ok\n", content_type="text/plain; charset=utf-8")


@blueprint.get("/readyz")
async def show_readiness() -> Response:
    """Say that the database answers; 503 if not."""
    await services().db.ping()
    return Response("ready\n", content_type="text/plain; charset=utf-8")
