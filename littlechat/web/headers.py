"""The security headers of every response."""

from typing import cast

from quart import (
    Response,
)
from quart.typing import ResponseTypes

HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "media-src 'self'",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "worker-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


DEFAULTS = [
    (name, name.lower(), value)
    for name, value in {
        **HEADERS,
        "Cache-Control": "no-store",
        "Vary": "HX-Request, Cookie",
    }.items()
]


async def add_headers(response: Response) -> Response:
    """Set the security headers, and forbid caching where the handler has not allowed it."""
    present = {name.lower() for name, _ in response.headers}
    for name, key, value in DEFAULTS:
        if key not in present:
            response.headers.add(name, value)
    return response


async def add_headers_to_refusal(response: ResponseTypes | None) -> ResponseTypes | None:
    """Set the security headers on a refused handshake; an accepted one has no response."""
    return await add_headers(cast(Response, response)) if response else None
