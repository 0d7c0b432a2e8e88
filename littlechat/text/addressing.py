"""Whom a text addresses: the members of its room whom it names, all, or those who are online.

A name that exists outside the room is meant as well, and is told nothing. A name that nobody has is
known before a message is sent, so that its author can be told.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from littlechat.core import (
    Invalid,
    Membership,
    Message,
    User,
    everyone_in,
    fold,
)
from littlechat.text import markdown, mentions
from littlechat.text.mentions import CALLS, HERE

CALL_MAX = 20
"""Members whom anybody may call at once; more only who manages the room or the installation."""

HERE_MAX = 500
"""Members online whom one message may call: each stands with it by name."""

NAMES_MAX = 200
"""Names that one message is looked up for; in what follows only members are found."""


@dataclass(frozen=True, slots=True)
class Addressees:
    """What `Message` has of them: the names it means, and whom they concern."""

    mentions: tuple[str, ...] = ()
    addressed_to: tuple[str, ...] = ()


NOBODY = Addressees()


@dataclass(frozen=True, slots=True)
class Unreached:
    """Whom a text names in vain: names that nobody has, and people who are not in the room."""

    unknown: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()


def may_call(members: Sequence[Membership], by: User) -> bool:
    """Whether one of a room's members may call all of it at once."""
    return len(members) <= CALL_MAX or any(
        member.may_manage or by.is_admin for member in members if member.user_id == by.id
    )


def list_other_names(body: str, members: Sequence[Membership]) -> list[str]:
    """Return what a text may name beside the room's members: only some of these names exist."""
    inside = mentions.known((*(member.user_name for member in members), *CALLS))
    found: dict[str, None] = {}
    for attempt in _attempts(body):
        for name in attempt.names():
            # A shorter name than a member's is not meant.
            if fold(name) in inside or len(found) >= NAMES_MAX:
                break
            found[name] = None
    return list(found)


def find_unreached(body: str, members: Sequence[Membership], others: Iterable[str]) -> Unreached:
    """Return whom a text names in vain. `others` are the names outside the room that exist."""
    inside = {fold(member.user_name) for member in members} | set(CALLS)
    known = mentions.known((*(member.user_name for member in members), *CALLS, *others))
    unknown, outside = [], []
    for attempt in _attempts(body):
        end = attempt.end_of(known)
        key = fold(attempt.text[attempt.sign + 1 : end]) if end else ""
        if not end and attempt.typed[:1].isalpha():
            unknown.append(attempt.typed)  # "@7pm" is a time.
        elif end and key not in inside:
            outside.append(known[key])
    return Unreached(tuple(dict.fromkeys(unknown)), tuple(dict.fromkeys(outside)))


def _attempts(body: str) -> Iterator[mentions.Attempt]:
    return (one for part in markdown.addressable(body) for one in mentions.attempts(part))


def find(
    room_id: str,
    body: str,
    author: User,
    members: Sequence[Membership],
    online: Collection[str] = (),
    others: Iterable[str] = (),
) -> Addressees:
    """Return whom a text addresses; raise `Invalid` if it calls more than its author may.

    `online` are the names of those who are so now, in whatever room; `others` those of the names
    in `list_other_names` that exist.
    """
    if not mentions.has_sign(body):
        return NOBODY
    by_name = {member.user_name: member.user_id for member in members}
    named = markdown.mentioned(body, (*by_name, *others, *CALLS))
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
    ids = [by_name[name] for name in named if name in by_name]
    return Addressees(named, (*everybody, *_but(author, ids)))


def called_by_here(message: Message) -> frozenset[str]:
    """Return whom a message called by @here: they were online when it was said."""
    named = markdown.mentioned(message.body, message.mentions)
    return frozenset(message.mentions).difference(named)


def _but(author: User, ids: Iterable[str]) -> Iterable[str]:
    # Who names themselves need not be told.
    return (one for one in ids if one != author.id)
