"""A message as the database keeps it: from a draft to its document, and back to a value."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from littlechat.core import (
    NOTHING_TO_SEND,
    REACTIONS_MAX,
    Draft,
    File,
    Invalid,
    Message,
    Quote,
    Reaction,
    Refused,
    User,
)
from littlechat.platform import Document, Missing, now

Address = Callable[[Message], tuple[Sequence[str], Sequence[str]]]
"""Says whom a new text in place of a message's own names, and whom it concerns."""

Decide = Callable[[Message], Document | None]
"""Says what to set in a message as it is now, None for nothing; may raise what its caller knows."""


def to_document(room_id: str, author: User, draft: Draft) -> Document:
    """Return the document of a new message, which has no `seq` yet."""
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
        document |= concerned_values(draft.addressed_to, document["at"])
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


def concerned_values(concerns: Iterable[str], at: datetime) -> Document:
    """Return whom a message concerns as its document holds it; `at` is when it was posted.

    The time stands there again: a sparse index over both then holds these messages and no others.
    """
    return {"concerns": list(concerns), "concerned_at": at}


def thread_of(room_id: str, root: int) -> str:
    """Return the key by which all replies to a message are found."""
    return f"{room_id}:{root}"


def quote_values(quote: Quote) -> Document:
    """Return a quote as its message's document holds it."""
    return {"author": quote.author_name, "text": quote.text}


def reaction_values(reaction: Reaction) -> Document:
    """Return a reaction as its message's document holds it."""
    return {"emoji": reaction.emoji, "names": list(reaction.names)}


def file_values(file: File) -> Document:
    """Return a file as its message's document holds it."""
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
    """Return the message that a document holds."""
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
        mentions=tuple(document.get("mentions", ())),
        addressed_to=tuple(document.get("concerns", ())),
        thread=document.get("thread"),
        shown=bool(document.get("shown", True)),
        quote=Quote(str(quote["author"]), str(quote["text"])) if quote else None,
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


def edited(body: str, by: User, address: Address = lambda _: ((), ())) -> Decide:
    """Replace the text of one's own message, and whom it addresses; raises `Missing` for another's.

    A reply goes on to concern those whom it answered. Raises `Invalid` for no text without files.
    """

    def decide(message: Message) -> Document:
        _require_author(message, by)
        if not body and not message.files:
            raise Invalid(body=NOTHING_TO_SEND)
        mentions, concerns = address(message)
        kept = message.addressed_to if message.thread is not None else ()
        concerned = tuple(dict.fromkeys((*kept, *concerns)))
        values: Document = {"body": body, "edited": True}
        if mentions or message.mentions:
            values["mentions"] = list(mentions)
        if concerned or message.addressed_to:
            values |= concerned_values(concerned, message.at)
        return values

    return decide


def emptied(by: User | None) -> Decide:
    """Empty a message for good, leaving its place; with `by` only theirs, else `Missing`."""

    def decide(message: Message) -> Document:
        if by is not None:
            _require_author(message, by)
        gone: Document = {"body": "", "removed": True, "files": [], "reactions": []}
        # Whom it named was part of what it said.
        return gone | ({"mentions": []} if message.mentions else {})

    return decide


def gathered(count: int, at: datetime) -> Decide:
    """Let a message tell of `count` replies, the last of them at `at`.

    Both only grow, so of two who counted at once the one who saw more is right, in either order.
    """

    def decide(message: Message) -> Document | None:
        known = message.replied_at or at
        if count <= message.replies and at <= known:
            return None
        return {"replies": max(count, message.replies), "replied_at": max(at, known)}

    return decide


def quoted(quote: Quote) -> Decide:
    """Let a reply show `quote` of what it answers."""

    def decide(message: Message) -> Document | None:
        return None if message.quote == quote else {"quote": quote_values(quote)}

    return decide


def reacted(emoji: str, by: User, *, on: bool | None) -> Decide:
    """Put a person's emoji under a message or take it away; without `on`, whichever it is not.

    Raises `Refused` for one emoji too many.
    """

    def decide(message: Message) -> Document | None:
        names = next((one.names for one in message.reactions if one.emoji == emoji), ())
        there = by.name in names
        if there == (not there if on is None else on):
            return None
        rest = tuple(name for name in names if name != by.name)
        changed = Reaction(emoji, rest if there else (*rest, by.name))
        kept = [changed if one.emoji == emoji else one for one in message.reactions]
        if not names:
            kept.append(changed)
        if len(kept) > REACTIONS_MAX:
            raise Refused(f"A message takes at most {REACTIONS_MAX} different emoji.")
        return {"reactions": [reaction_values(one) for one in kept if one.names]}

    return decide


def _require_author(message: Message, user: User) -> None:
    if message.author_id != user.id:
        raise Missing
