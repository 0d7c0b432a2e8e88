"""What programs ask, with a bot's token in place of a cookie; answers are JSON.

A browser's session gives no right here, nor does a token anywhere else.
"""

import json
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from quart import Blueprint, Response, request
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import Forbidden, HTTPException, Unauthorized, UnsupportedMediaType

from littlechat.bots import Bot
from littlechat.db import Unavailable
from littlechat.models import Draft, Invalid, Message
from littlechat.throttle import BOT, TooMany
from littlechat.web import SENTENCES, services

blueprint = Blueprint("api", __name__)

BotHandler = Callable[[Bot], Awaitable[ResponseReturnValue]]


def bot_only(handler: BotHandler) -> Callable[[], Awaitable[ResponseReturnValue]]:
    """Let only bots in, by their tokens, which are in their rooms still; errors become JSON."""

    @wraps(handler)
    async def guarded() -> ResponseReturnValue:
        try:
            return await handler(await _bot())
        except HTTPException as error:
            return _refusal(error)
        except Invalid as error:
            return _answer(422, {"error": str(error), "fields": error.errors})
        except TooMany as error:
            wait = str(error.retry_after)
            sentence = f"That was too much in too short a time. Try again in {wait} seconds."
            return _answer(429, {"error": sentence}, **{"Retry-After": wait})
        except Unavailable:
            sentence = "The database does not answer just now. Try again."
            return _answer(503, {"error": sentence}, **{"Retry-After": "5"})

    return guarded


async def _bot() -> Bot:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    bot = await services().bots.find_by_token(token.strip()) if scheme.lower() == "bearer" else None
    if bot is None:
        raise Unauthorized("Send a bot’s token:  Authorization: Bearer lc_…")
    if await services().access.find_membership(bot.room_id, bot.user) is None:
        raise Forbidden("This bot is not in its room any more.")
    await services().throttle.hit(BOT, bot.id)
    return bot


@blueprint.post("/bots/messages")
@bot_only
async def post_bot_message(bot: Bot) -> ResponseReturnValue:
    """Post a message as a bot; a repeated `Idempotency-Key` or `client_id` is the same message."""
    text, client_id = await _text()
    draft = Draft(text, request.headers.get("Idempotency-Key", "") or client_id)
    return _posted(await services().actions.say(bot.room_id, bot.user, draft))


async def _text() -> tuple[str, str]:
    """Return the text and the client's id of a message, in whichever form they came."""
    match request.mimetype:
        case "text/plain":
            return _decoded(await request.get_data()), ""
        case "application/json":
            return _json_text(_decoded(await request.get_data()))
        case "application/x-www-form-urlencoded" | "multipart/form-data":
            form = await request.form
            return str(form.get("text", "")), str(form.get("client_id", ""))
    raise UnsupportedMediaType("Send text/plain, application/json or a form.")


def _decoded(data: Any) -> str:
    try:
        return bytes(data).decode()
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
    url = f"{request.scheme}://{request.host}{place}"
    return _answer(201, {"seq": message.seq, "url": url})


def _refusal(error: HTTPException) -> Response:
    code = error.code or 500
    own = type(error).description != error.description and error.description
    headers = {"WWW-Authenticate": 'Bearer realm="littlechat"'} if code == 401 else {}
    return _answer(code, {"error": str(own or SENTENCES.get(code, error.name))}, **headers)


def _answer(status: int, value: dict[str, Any], **headers: str) -> Response:
    text = json.dumps(value, ensure_ascii=False) + "\n"
    kind = "application/json; charset=utf-8"
    return Response(text, status=status, content_type=kind, headers=headers)
