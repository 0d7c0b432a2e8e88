"""The HTTP interface for bots, with a bot's token in place of a cookie; responses are JSON.

A browser's session is not accepted here, and a token nowhere else.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from quart import Blueprint, Response, request
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import (
    Forbidden,
    HTTPException,
    RequestEntityTooLarge,
    RequestTimeout,
    Unauthorized,
    UnsupportedMediaType,
)

from littlechat.bots import Bot
from littlechat.core import (
    Draft,
    Invalid,
    Message,
    validate_client_id,
)
from littlechat.files import Full, TooLarge, parts_of
from littlechat.platform import (
    BOT,
    BOT_GUESS,
    UPLOAD,
    TooMany,
    Unavailable,
)
from littlechat.web.clients import client_network
from littlechat.web.guards import takes_files
from littlechat.web.hosts import site_origin
from littlechat.web.services import services

blueprint = Blueprint("api", __name__)

BODY_BYTES_MAX = 128 * 1024
BODY_SECONDS = 30

STATUSES: dict[type[Invalid], int] = {TooLarge: 413, Full: 507}
"""Kinds of invalid input that have a status of their own, instead of 422."""

BotHandler = Callable[[Bot], Awaitable[ResponseReturnValue]]


def bot_only(handler: BotHandler) -> Callable[[], Awaitable[ResponseReturnValue]]:
    """Let only bots call a handler that are still in their rooms; errors become JSON."""

    @wraps(handler)
    async def guarded() -> ResponseReturnValue:
        try:
            return await handler(await _bot())
        except HTTPException as error:
            return _refusal(error)
        except Invalid as error:
            status = STATUSES.get(type(error), 422)
            return _answer(status, {"error": str(error), "fields": error.errors})
        except TooMany as error:
            wait = str(error.retry_after)
            sentence = f"That was too much in too short a time. Try again in {wait} seconds."
            return _answer(429, {"error": sentence}, **{"Retry-After": wait})
        except Unavailable:
            sentence = "The database does not answer just now. Try again."
            return _answer(503, {"error": sentence}, **{"Retry-After": "5"})

    return guarded


async def _bot() -> Bot:
    bot = await _find_bot()
    await services().platform.rate_limits.hit(BOT, bot.id)
    return bot


async def _find_bot(*, fresh: bool = False) -> Bot:
    """Return the bot whose token came, as long as it may post; with `fresh` as is stored now."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    bot = (
        await services().bots.store.find_by_token(token.strip())
        if scheme.lower() == "bearer"
        else None
    )
    if bot is None:
        await services().platform.rate_limits.hit(BOT_GUESS, client_network())
        raise Unauthorized("Send a bot’s token:  Authorization: Bearer lc_…")
    access = services().rooms.access
    if await access.find_membership(bot.room_id, bot.user, fresh=fresh) is None:
        raise Forbidden("This bot is not in its room any more.")
    return bot


async def _require_still() -> None:
    """Ask the store again, after the body came or a file was stored, whether the bot may post."""
    await _find_bot(fresh=True)


@blueprint.post("/bots/messages")
@takes_files
@bot_only
async def post_bot_message(bot: Bot) -> ResponseReturnValue:
    """Post a message as a bot; a repeated `Idempotency-Key` or `client_id` is the same message."""
    text, client_id = await _text()
    await _require_still()
    client_id = validate_client_id(request.headers.get("Idempotency-Key", "") or client_id)
    served, room_id = services(), bot.room_id
    # Looked up before any file of a repeated request is stored again.
    if sent := await served.messages.find_sent(bot.id, client_id):
        return _posted(sent)
    ids = list[str]()
    try:
        await _store_files(bot, ids)
        if ids:
            await _require_still()
        files = (
            await served.files.attachments.claim(room_id, bot.user, ids, client_id) if ids else ()
        )
        message = await served.actions.messages.say(
            room_id, bot.user, Draft(text, client_id, files=files)
        )
    except (Invalid, TooMany, HTTPException):
        # A client that tries again sends its files again.
        served.platform.tasks.spawn(served.files.discard_some(ids, bot.user))
        raise
    if ids and {one.id for one in message.files} != set(ids):
        # The same request came twice at once, and the other one posted the message.
        served.platform.tasks.spawn(served.files.discard_some(ids, bot.user))
    return _posted(message)


async def _store_files(bot: Bot, ids: list[str]) -> None:
    """Store the files in a form, and append their ids to `ids`, also if a later one fails."""
    if request.mimetype != "multipart/form-data":
        return
    for sent in (await request.files).getlist("file"):
        await services().platform.rate_limits.hit(UPLOAD, bot.id)
        parts, name = parts_of(sent.stream), sent.filename or "file"
        upload = await services().files.uploads.add(
            bot.room_id, bot.user, name, parts, require_still=_require_still
        )
        ids.append(upload.file.id)


async def _text() -> tuple[str, str]:
    """Return the text and the client id of a message, from any of the content types."""
    match request.mimetype:
        case "text/plain":
            return _decoded(await _body()), ""
        case "application/json":
            return _json_text(_decoded(await _body()))
        case "application/x-www-form-urlencoded" | "multipart/form-data":
            form = await request.form
            return str(form.get("text", "")), str(form.get("client_id", ""))
    raise UnsupportedMediaType("Send text/plain, application/json or a form.")


async def _body() -> bytes:
    """Return a body that is not a form, under limits of its own: those for files do not apply."""
    body = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.body:
                body += part
                if len(body) > BODY_BYTES_MAX:
                    raise RequestEntityTooLarge("That is too much at once.")
    except TimeoutError:
        raise RequestTimeout("This message took too long to arrive. Try again.") from None
    return body


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Invalid(text="The text is not UTF-8.") from None


def _json_text(body: str) -> tuple[str, str]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Invalid(text="The body is not JSON.") from None
    if not isinstance(value, dict):
        raise Invalid(text='The body is an object:  {"text": "…"}')
    text, client_id = value.get("text", ""), value.get("client_id", "")
    if not isinstance(text, str) or not isinstance(client_id, str):
        raise Invalid(text="“text” and “client_id” are strings.")
    return text, client_id


def _posted(message: Message) -> Response:
    place = f"/rooms/{message.room_id}?around={message.seq}#message-{message.seq}"
    url = f"{site_origin()}{place}"
    return _answer(201, {"seq": message.seq, "url": url})


def _refusal(error: HTTPException) -> Response:
    code = error.code or 500
    own = type(error).description != error.description and error.description
    headers = {"WWW-Authenticate": 'Bearer realm="littlechat"'} if code == 401 else {}
    return _answer(code, {"error": str(own or f"{error.name}.")}, **headers)


def _answer(status: int, value: dict[str, Any], **headers: str) -> Response:
    text = json.dumps(value, ensure_ascii=False) + "\n"
    kind = "application/json; charset=utf-8"
    return Response(text, status=status, content_type=kind, headers=headers)
