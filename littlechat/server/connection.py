"""A request and its answer: as quick as `Exchange`, as patient as its body needs."""

from littlechat.server.bodies import PacedConnection
from littlechat.server.requests import Exchange


class RequestConnection(PacedConnection, Exchange):
    """What Quart is given for every request."""
