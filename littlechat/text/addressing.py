"""Whom a text addresses: the members of its room whom it names, all, or those who are online."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from littlechat.core import (
    Invalid,
    Membership,
    Message,
    User,
    everyone_in,
)
from littlechat.text import markdown
from littlechat.text.mentions import CALLS, HERE

CALL_MAX = 20
"""Members whom anybody may call at once; more only who manages the room or the installation."""

HERE_MAX = 500
"""Members online whom one message may call: each stands with it by name."""


@dataclass(frozen=True, slots=True)
class Addressees:
    """What `Message` has of them: the names it means, and whom they concern."""

    mentions: tuple[str, ...] = ()
    addressed_to: tuple[str, ...] = ()


NOBODY = Addressees()


def may_call(members: Sequence[Membership], by: User) -> bool:
    """Whether one of a room's members may call all of it at once."""
    return len(members) <= CALL_MAX or any(
        member.may_manage or by.is_admin for member in members if member.user_id == by.id
    )


def find(
    room_id: str,
    body: str,
    author: User,
    members: Sequence[Membership],
    online: Collection[str] = (),
) -> Addressees:
    """Return whom a text addresses; raise `Invalid` if it calls more than its author may.

    `online` are the names of those who are so now, in whatever room.
    """
    if "@" not in body:
        return NOBODY
    by_name = {member.user_name: member.user_id for member in members}
    named = markdown.mentioned(body, (*by_name, *CALLS))
    called = [name for name in named if name in CALLS]
    if called and not may_call(members, author):
        raise Invalid(
            body=f"Only who manages the room, and administrators, may call all {len(members)} "
            f"people in it: write {called[0]} without the @, or name those you mean."
        )
    here = [name for name in by_name if name in online and name != author.name]
    if HERE not in called:
        here = []
    elif len(here) > HERE_MAX:
        raise Invalid(body=f"{len(here)} people are here: write @all, or name those you mean.")
    everybody = [everyone_in(room_id)] if "all" in called else []
    named = tuple(dict.fromkeys((*named, *here)))
    ids = [by_name[name] for name in named if name not in CALLS]
    return Addressees(named, (*everybody, *_but(author, ids)))


def called_by_here(message: Message) -> frozenset[str]:
    """Return whom a message called by @here: they were online when it was said."""
    named = markdown.mentioned(message.body, message.mentions)
    return frozenset(message.mentions).difference(named)


def _but(author: User, ids: Iterable[str]) -> Iterable[str]:
    # Who names themselves need not be told.
    return (one for one in ids if one != author.id)
