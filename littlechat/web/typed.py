"""What a person typed into a form that is refused: it goes back to them, on the page that says why.

Scripts keep a refused text in its field themselves. A browser without them has left the page of the
form, and what its answer does not hold is lost.
"""

import contextlib
from dataclasses import dataclass
from typing import Any

from quart import request
from quart_auth import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from littlechat.web.origin import is_same_origin

TEXTS = {
    "body": "Your message",
    "name": "Name",
    "description": "What it is about",
    "display": "Display name",
    "bio": "About you",
    "status": "Status",
    "username": "Username",
    "url": "Address",
}
"""The fields into which people type, and what they are called."""

LONG = ("body", "bio", "description")

SECRET = ("password", "current", "upload")
"""Fields that no page gives back."""

LASTING = (400, 403, 404, 405)
"""Statuses of what would be refused again."""


@dataclass(frozen=True, slots=True)
class TypedField:
    """A field with a person's text."""

    name: str
    label: str
    text: str
    is_long: bool


@dataclass(frozen=True, slots=True)
class Typed:
    """A refused form: its texts, and what else is sent with them when it is tried again.

    `action` is empty if that would be of no use.
    """

    fields: tuple[TypedField, ...]
    hidden: tuple[tuple[str, str], ...]
    action: str


async def find_typed(status: int) -> Typed | None:
    """Return what was typed into the form of this request, None if that is nothing or unknown."""
    # Another site's words are nobody's own, and a stranger's form is not waited for.
    if request.method != "POST" or not is_same_origin(request.headers) or not current_user.auth_id:
        return None
    form = await _read_form()
    texts = [(name, text) for name, text in form.items(multi=True) if name in TEXTS]
    if not any(text.strip() for _, text in texts):
        return None
    kept = [one for one in form.items(multi=True) if one[0] not in TEXTS and one[0] not in SECRET]
    return Typed(
        tuple(TypedField(name, TEXTS[name], text, name in LONG) for name, text in texts),
        tuple(kept),
        "" if status in LASTING else request.path,
    )


async def _read_form() -> "MultiDict[str, str]":
    asked: Any = request
    if asked.kept_form is None:
        # What becomes too much while it is read holds what came until then.
        with contextlib.suppress(HTTPException, UnicodeDecodeError):
            return await request.form
    return asked.kept_form or MultiDict()
