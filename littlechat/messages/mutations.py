"""How one message may be changed: edits, removals, reactions and reply counts.

Each function here returns a `Mutation`, which `Messages.change` applies. A mutation only looks at
the message as it is; it may be called again if the message was changed meanwhile.
"""

from collections.abc import Callable, Sequence

from littlechat.core import (
    NOTHING_TO_SEND,
    REACTIONS_MAX,
    Invalid,
    Message,
    Reaction,
    Refused,
    User,
)
from littlechat.messages.documents import (
    Replies,
    addressed_values,
    reaction_values,
)
from littlechat.platform import Document, Missing

Mutation = Callable[[Message], Document | None]
"""Returns the fields to set in the message's document, or None to leave it unchanged. It may raise
errors, which reach the caller of `Messages.change`."""

FindAddressees = Callable[[Message], tuple[Sequence[str], Sequence[str]]]
"""Returns `mentions` and `addressed_to` of a message that is given a new text."""


def edited(body: str, by: User, find_addressees: FindAddressees = lambda _: ((), ())) -> Mutation:
    """Replace the text of one's own message; raises `Missing` for somebody else's.

    A reply stays addressed to those it was addressed to before. Raises `Invalid` for an empty text
    of a message without files.
    """

    def mutate(message: Message) -> Document:
        _require_author(message, by)
        if not body and not message.files:
            raise Invalid(body=NOTHING_TO_SEND)
        mentions, named = find_addressees(message)
        kept = message.addressed_to if message.thread is not None else ()
        addressed_to = tuple(dict.fromkeys((*kept, *named)))
        values: Document = {"body": body, "edited": True}
        if mentions or message.mentions:
            values["mentions"] = list(mentions)
        if addressed_to or message.addressed_to:
            values |= addressed_values(addressed_to, message.at)
        return values

    return mutate


def emptied(by: User | None) -> Mutation:
    """Remove a message's content for good; it keeps its `seq`.

    With `by`, raises `Missing` unless it is theirs.
    """

    def mutate(message: Message) -> Document:
        if by is not None:
            _require_author(message, by)
        gone: Document = {"body": "", "removed": True, "files": [], "reactions": []}
        # The names it mentioned were part of its content.
        return gone | ({"mentions": []} if message.mentions else {})

    return mutate


def replies_counted(replies: Replies) -> Mutation:
    """Set the number of replies to a message and the time of the last one, as counted."""

    def mutate(message: Message) -> Document | None:
        if replies == Replies(message.replies, message.replied_at):
            return None
        return {"replies": replies.count, "replied_at": replies.last_at}

    return mutate


def reacted(emoji: str, by: User, *, on: bool | None) -> Mutation:
    """Add a person's reaction (`on` is True), remove it (False), or toggle it (None).

    Raises `Refused` if the message has too many different emoji.
    """

    def mutate(message: Message) -> Document | None:
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

    return mutate


def _require_author(message: Message, user: User) -> None:
    if message.author_id != user.id:
        raise Missing
