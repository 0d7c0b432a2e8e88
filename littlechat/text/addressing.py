"""Whom a text addresses: the members of its room whom it names, all, or those who are online.

People outside the room are named as well, and are not notified. Which names notify nobody can be
asked before a message is sent, so that its author learns of it.
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
from littlechat.text.mentions import GROUP_NAMES, HERE

MENTION_ALL_MAX = 20
"""Up to how many members anybody may mention all of them; in a larger room only its manager and
administrators may."""

HERE_MAX = 500
"""How many members online one message may mention by @here: each is stored with it by name."""

NAMES_MAX = 200
"""How many names of one message are looked up; beyond them only members are found."""


@dataclass(frozen=True, slots=True)
class Addressees:
    """The names that a text means, and the ids of those who are notified of it."""

    mentions: tuple[str, ...] = ()
    addressed_to: tuple[str, ...] = ()


NOBODY = Addressees()


@dataclass(frozen=True, slots=True)
class Unreached:
    """Names in a text that notify nobody: those nobody has, and of people outside the room."""

    unknown: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()


def may_mention_all(members: Sequence[Membership], by: User) -> bool:
    """Whether a member of a room may mention all of its members at once."""
    return len(members) <= MENTION_ALL_MAX or any(
        member.may_manage or by.is_admin for member in members if member.user_id == by.id
    )


def list_other_names(body: str, members: Sequence[Membership]) -> list[str]:
    """Return what a text may name beside the room's members: only some of these names exist."""
    inside = mentions.known((*(member.user_name for member in members), *GROUP_NAMES))
    found: dict[str, None] = {}
    for attempt in _attempts(body):
        for name in attempt.names():
            # A shorter name than a member's is not meant.
            if fold(name) in inside or len(found) >= NAMES_MAX:
                break
            found[name] = None
    return list(found)


def find_unreached(body: str, members: Sequence[Membership], others: Iterable[str]) -> Unreached:
    """Return the names that notify nobody. `others` are those outside the room that exist."""
    inside = {fold(member.user_name) for member in members} | set(GROUP_NAMES)
    known = mentions.known((*(member.user_name for member in members), *GROUP_NAMES, *others))
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
    """Return whom a text addresses; raise `Invalid` if it addresses more than its author may.

    `online` are the names of all who are online now, in whatever room; `others` are those of the
    names in `list_other_names` that exist.
    """
    if not mentions.has_sign(body):
        return NOBODY
    by_name = {member.user_name: member.user_id for member in members}
    named = markdown.mentioned(body, (*by_name, *others, *GROUP_NAMES))
    groups = [name for name in named if name in GROUP_NAMES]
    if groups and not may_mention_all(members, author):
        raise Invalid(
            body=f"Only who manages the room, and administrators, may call all {len(members)} "
            f"people in it: write {groups[0]} without the @, or name those you mean."
        )
    here = [name for name in by_name if name in online and name != author.name]
    if HERE not in groups:
        here = []
    elif len(here) > HERE_MAX:
        raise Invalid(body=f"{len(here)} people are here: write @all, or name those you mean.")
    everybody = [everyone_in(room_id)] if "all" in groups else []
    named = tuple(dict.fromkeys((*named, *here)))
    ids = [by_name[name] for name in named if name in by_name]
    return Addressees(named, (*everybody, *_but(author, ids)))


def mentioned_by_here(message: Message) -> frozenset[str]:
    """Return whom a message addressed by @here: those who were online when it was posted."""
    named = markdown.mentioned(message.body, message.mentions)
    return frozenset(message.mentions).difference(named)


def _but(author: User, ids: Iterable[str]) -> Iterable[str]:
    # Authors who name themselves are not notified.
    return (one for one in ids if one != author.id)
