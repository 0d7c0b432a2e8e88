"""The documents in which messages are stored: made from drafts, and read back as `Message`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from littlechat.core import (
    Draft,
    File,
    Message,
    Position,
    Quote,
    Reaction,
    User,
)
from littlechat.platform import Document, now


@dataclass(frozen=True, slots=True)
class Replies:
    """How many replies a message has, without removed ones, and when the last was posted."""

    count: int = 0
    last_at: datetime | None = None


def to_document(room_id: str, author: User, draft: Draft) -> Document:
    """Return the document for a new message, still without `seq`."""
    document: Document = {
        "room": room_id,
        "author": author.id,
        "author_name": author.name,
        "client_id": draft.client_id,
        "body": draft.body,
        "at": now(),
        "version": 0,
    }
    if author.bot:
        document["bot"] = True
    if draft.mentions:
        document["mentions"] = list(draft.mentions)
    if draft.addressed_to:
        document |= addressed_values(draft.addressed_to, document["at"])
    if draft.thread is not None:
        document |= {
            "thread": draft.thread,
            "thread_of": thread_of(room_id, draft.thread),
            "shown": draft.shown,
        }
    if draft.quote is not None:
        document["quote"] = quote_values(draft.quote)
    if draft.files:
        document["files"] = list(map(file_values, draft.files))
    return document


def number(document: Document, after: Position) -> Position:
    """Give a new message the place after another, in its document; return the place."""
    place = Position(after.seq + 1, after.unlisted + (not document.get("shown", True)))
    document["seq"] = place.seq
    # A room without any such message stores nothing of it.
    document.pop("unlisted", None)
    if place.unlisted:
        document["unlisted"] = place.unlisted
    return place


def position_of(document: Mapping[str, Any]) -> Position:
    """Return the place of a stored message, from before its threads were counted as without any."""
    return Position(int(document["seq"]), int(document.get("unlisted", 0)))


def addressed_values(addressed_to: Iterable[str], at: datetime) -> Document:
    """Return `Message.addressed_to` as stored; `at` is the time of the message.

    The time is stored a second time, so that a sparse index over both fields contains only
    messages that are addressed to somebody.
    """
    return {"concerns": list(addressed_to), "concerned_at": at}


def thread_of(room_id: str, root: int) -> str:
    """Return the stored key of a thread, by which its replies are found."""
    return f"{room_id}:{root}"


def quote_values(quote: Quote) -> Document:
    """Return a quote as stored in a message's document: only whose it is, see `quotes`."""
    return {"author": quote.author_name}


def reaction_values(reaction: Reaction) -> Document:
    """Return a reaction as stored in a message's document."""
    return {"emoji": reaction.emoji, "names": list(reaction.names)}


def file_values(file: File) -> Document:
    """Return a file as stored in a message's document."""
    return {
        "id": file.id,
        "name": file.name,
        "type": file.type,
        "size": file.size,
        "width": file.width,
        "height": file.height,
        **({"moves": True} if file.moves else {}),
    }


def from_document(document: Mapping[str, Any]) -> Message:
    """Return the message stored in a document."""
    quote = document.get("quote")
    return Message(
        room_id=str(document["room"]),
        seq=int(document["seq"]),
        author_id=str(document["author"]),
        author_name=str(document["author_name"]),
        body=str(document["body"]),
        at=document["at"],
        version=int(document["version"]),
        edited=bool(document.get("edited", False)),
        removed=bool(document.get("removed", False)),
        bot=bool(document.get("bot", False)),
        unlisted=int(document.get("unlisted", 0)),
        mentions=tuple(document.get("mentions", ())),
        addressed_to=tuple(document.get("concerns", ())),
        thread=document.get("thread"),
        shown=bool(document.get("shown", True)),
        quote=Quote(str(quote["author"]), "") if quote else None,
        replies=int(document.get("replies", 0)),
        replied_at=document.get("replied_at"),
        reactions=tuple(
            Reaction(str(one["emoji"]), tuple(one["names"]))
            for one in document.get("reactions", ())
        ),
        files=tuple(
            File(
                id=str(one["id"]),
                name=str(one["name"]),
                type=str(one["type"]),
                size=int(one["size"]),
                width=one["width"],
                height=one["height"],
                moves=bool(one.get("moves", False)),
            )
            for one in document.get("files", ())
        ),
    )
