"""Connections stay with HTTP/1.1.

Upstream: Hypercorn 0.18, `protocol/h11.py`, `H11Protocol._check_protocol` switches a plain
connection to HTTP/2 when its peer sends the preface or asks for `h2c`.
Cost: nothing to those who do not ask. Under HTTP/2 the write and idle timeouts, the bounded message
and the joined writes of this package would not hold, since they belong to HTTP/1.1.
Instead: the check is left out, so that the preface is a bad request and `h2c` is not taken up.
Guard: tests/server/test_http1_only.py::test_http2_is_not_spoken_on_a_plain_connection
Until: the departures of this package hold for HTTP/2 too.
"""

from typing import Any


async def stay_with_http1(*_: Any) -> None:
    """Never switch: no browser speaks HTTP/2 on a plain connection."""
