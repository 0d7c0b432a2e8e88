"""Error responses: a page for a browser, an alert for htmx, plain text for a socket's handshake.

Each is a status and a sentence; none shows details that belong only into the log.
"""

import logging
from http import HTTPStatus

from quart import Quart, Response, has_websocket_context
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from littlechat.core import Invalid, Refused
from littlechat.files import Full, TooLarge
from littlechat.platform import Busy, Missing, TooMany, Unavailable
from littlechat.web.headers import add_headers, add_headers_to_refusal
from littlechat.web.hosts import require_known_name
from littlechat.web.origin import refuse_cross_origin
from littlechat.web.pages import is_htmx, page, request_is_htmx
from littlechat.web.typed import find_typed

log = logging.getLogger(__name__)


async def refusal(status: int, sentence: str, cause: str = "", **headers: str) -> Response:
    """Return an error as a page, or for htmx as an alert; to a socket's handshake as plain text.

    `cause` says more for who runs the installation. On the page stands what the person typed into
    the form that is refused.
    """
    if has_websocket_context():
        plain = "text/plain; charset=utf-8"
        return Response(sentence, status=status, content_type=plain, headers=headers)
    template = "layout/_alert.html" if is_htmx() else "layout/error.html"
    typed = None if is_htmx() else await find_typed(status)
    response = page(template, status, code=status, sentence=sentence, cause=cause, typed=typed)
    response.headers.update(headers)
    return response


SENTENCES = {
    400: "The page sent something that could not be understood.",
    404: "There is nothing here, or it is not for you to see.",
    405: "This address does not do that.",
    413: "That is too much at once.",
    500: "Something went wrong on our side. What you wrote is not lost.",
}


STATUSES: dict[type[Invalid], int] = {TooLarge: 413, Full: 507}
"""Kinds of invalid input that have a status of their own, instead of 422."""


async def on_http_error(error: HTTPException) -> Response:
    """Respond with the sentence that we gave the error, else with that of its status."""
    code = error.code or 500
    own = type(error).description != error.description and error.description
    sentence = str(own or SENTENCES.get(code, HTTPStatus(code).phrase + "."))
    headers = {"HX-Redirect": "/login"} if code == 401 and request_is_htmx() else {}
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.valid_methods or ())
    return await refusal(code, sentence, getattr(error, "cause", ""), **headers)


async def on_missing(_: Missing) -> Response:
    """Respond with 404, the same for what does not exist and for what one may not see."""
    return await on_http_error(NotFound())


async def on_refused(error: Refused) -> Response:
    """Respond with 403 and the reason."""
    return await refusal(403, str(error))


async def on_invalid(error: Invalid) -> Response:
    """Respond with what is invalid, for handlers that have no form to show it in."""
    return await refusal(STATUSES.get(type(error), 422), str(error))


async def on_too_many(error: TooMany) -> Response:
    """Respond with 429 and when to try again."""
    wait = (
        f"{error.retry_after} seconds"
        if error.retry_after < 120
        else (f"{round(error.retry_after / 60)} minutes")
    )
    sentence = f"That was too much in too short a time. Try again in {wait}."
    return await refusal(429, sentence, **{"Retry-After": str(error.retry_after)})


async def on_busy(error: Busy) -> Response:
    """Respond with 503 and when to try again: too many log in or set passwords at once."""
    wait = str(error.retry_after)
    sentence = f"Very many people are logging in just now. Try again in {wait} seconds."
    return await refusal(503, sentence, **{"Retry-After": wait})


async def on_unavailable(error: Unavailable) -> Response:
    """Respond with 503: the failure is ours, and nothing typed is lost."""
    log.error("database unavailable", extra={"error": str(error)})
    sentence = "The database does not answer just now. Nothing you typed is lost: try again."
    return await refusal(503, sentence, **{"Retry-After": "5"})


async def on_crash(error: Exception) -> Response:
    """Log an unexpected error; respond with 500, without details."""
    log.error("request failed", exc_info=error)
    return await refusal(500, SENTENCES[500])


def protect(app: Quart) -> None:
    """Put the guards and error answers in front of every handler of `app`."""
    app.before_request(require_known_name)
    app.before_websocket(require_known_name)
    app.before_request(refuse_cross_origin)
    app.after_request(add_headers)
    app.after_websocket(add_headers_to_refusal)
    app.register_error_handler(HTTPException, on_http_error)
    app.register_error_handler(Missing, on_missing)
    app.register_error_handler(Refused, on_refused)
    app.register_error_handler(Invalid, on_invalid)
    app.register_error_handler(TooMany, on_too_many)
    app.register_error_handler(Busy, on_busy)
    app.register_error_handler(Unavailable, on_unavailable)
    app.register_error_handler(Exception, on_crash)
