"""The search: a page, and its results as a fragment while somebody types."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import urlencode

from quart import Blueprint, request
from quart.typing import ResponseReturnValue

from littlechat.core import (
    Invalid,
    Message,
    Room,
    Session,
    User,
)
from littlechat.platform import SEARCH, now
from littlechat.search import (
    QUERY_MAX,
    Found,
    Place,
    Query,
    excerpt,
    excerpt_source,
    ids_named,
    parse,
)
from littlechat.text import have_prefixes, joined_words, plain, split_words
from littlechat.web.guards import signed_in
from littlechat.web.pages import is_htmx, page
from littlechat.web.services import services

blueprint = Blueprint("search", __name__)

Pieces = list[tuple[str, bool]]
"""A text in pieces, each with whether it is a hit."""

TOO_LONG = f"A search has at most {QUERY_MAX} characters; this one is {{over:,}} over."

HERE = "here"
"""The value of `in:` that stands for the room from which the search was opened."""

ME = "me"
"""What `from:` calls who searches."""

PEOPLE_MAX = 10
"""How many people the beginning of a name may mean."""

PEOPLE_READ_MAX = 200

CHARS_ON_LOOP = 4_000
"""Excerpts of messages with more are cut in a thread."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A message found, its room, and the part of its text around the first hit.

    `files` are the names of its files, also in pieces.
    """

    message: Message
    room: Room
    pieces: Pieces
    files: list[Pieces]


@blueprint.get("/search")
@signed_in
async def show_search(session: Session) -> ResponseReturnValue:
    """Show what is found, newest first; htmx gets only the results, or the next page of them."""
    typed = " ".join(request.args.get("q", "").replace("\0", "").split())
    here, after = request.args.get("here", "")[:60], _place(request.args.get("after", ""))
    # Read from the store and not a cache: a room that one was just removed from is not searched.
    me = session.user.name
    joined = await services().rooms.store.list_joined(session.user)
    by_id = {room.id: room for room in joined}
    titles = {room.id: room.title(me) for room in joined}
    here = here if here in titles else ""
    query = parse(typed if len(typed) <= QUERY_MAX else "", now())
    if over := max(0, len(typed) - QUERY_MAX):
        query = replace(query, hints=(TOO_LONG.format(over=over),))
    found, hits = Found(), list[Hit]()
    if not query.is_empty:
        await services().platform.rate_limits.hit(SEARCH, session.user.id)
        async with services().search.turns.take(session.user.id):
            query, found = await _find(query, titles, here, after, session.user)
            hits = await _hits(query, found.messages, by_id)
    more = {"q": typed, "here": here, "after": str(found.more)} if found.more else {}
    return page(
        _template(after),
        q=typed,
        here=here,
        asked=not query.is_empty,
        hints=query.hints,
        hits=hits,
        more=found.more,
        query=urlencode({key: value for key, value in more.items() if value}),
        today=f"{now():%Y-%m-%d}",
    )


def _template(after: Place | None) -> str:
    if not is_htmx():
        return "search/search.html"
    return "search/_hits.html" if after else "search/_results.html"


def _place(text: str) -> Place | None:
    place = Place.parse(text)
    if text and place is None:
        raise Invalid(after="“after” is where a page of results ended: begin again.")
    return place


async def _find(
    query: Query, titles: dict[str, str], here: str, after: Place | None, me: User
) -> tuple[Query, Found]:
    """Return the query, with hints about unknown names added, and what it finds."""
    ids, unknown_rooms = _rooms(query, titles, here)
    authors, meant, unknown_people = await _authors(query, me)
    query = replace(query, hints=(*query.hints, *unknown_rooms, *meant, *unknown_people))
    if unknown_rooms or unknown_people:
        return query, Found()
    return query, await services().search.finder.find(query, ids, authors, after)


def _rooms(query: Query, titles: dict[str, str], here: str) -> tuple[list[str], list[str]]:
    if not query.rooms:
        return list(titles), []
    ids: list[str] = []
    hints = []
    for name in query.rooms:
        known = [here] if here and name.lower() == HERE else ids_named(name, titles)
        ids += known
        if not known:
            hints.append(f'You are in no room called “{name}”. A name with spaces: in:"two words".')
    return ids, hints


async def _authors(query: Query, me: User) -> tuple[Sequence[str] | None, list[str], list[str]]:
    """Return the ids of those who are asked for, and hints: of who is meant, and of nobody."""
    if not query.people:
        return None, [], []
    ids, meant, unknown = [], [], []
    for name in query.people:
        users, exact = await _find_people(name, me)
        ids += [user.id for user in users]
        if users and not exact:
            meant.append(f"“from:{name}” means {_listed([user.name for user in users])}.")
        elif not users:
            unknown.append(
                f"Nobody is called “{name}”. A name of several words: from:ada-lovelace "
                'or from:"ada lovelace".'
            )
    return ids, meant, unknown


async def _find_people(name: str, me: User) -> tuple[list[User], bool]:
    """Return who is called so, and whether exactly so: by username or display name.

    Case and accents do not matter, and the beginnings of words are enough if nobody has the whole
    name. `me` is who asks, unless somebody else is called “me”.
    """
    user = await services().accounts.users.find(name)
    if user and (not user.bot or await _may_know(user, me)):
        return [user], True
    names = await _list_people(split_words(name))
    whole = joined_words(name)
    exact = [user for user, own, display in names if whole in (own, display)]
    if not exact and name.lower() == ME:
        return [me], True
    return exact or [user for user, _, _ in names][:PEOPLE_MAX], bool(exact)


async def _may_know(bot: User, me: User) -> bool:
    """Whether somebody is in the room of a bot; to others it is a name that nobody has."""
    room_id = (await services().accounts.profiles.get(bot.name)).bot_room
    return await services().rooms.access.find_membership(room_id, me) is not None


async def _list_people(prefixes: list[str]) -> list[tuple[User, str, str]]:
    """Return people whose names have words with these prefixes, and the words of their names."""
    if not prefixes:
        return []
    served = services()
    called = served.avatar_styles.find(" ".join(prefixes))
    listed = await served.accounts.users.list_by_prefix(prefixes[0], PEOPLE_READ_MAX, called)
    displays = served.avatar_styles.displays
    found = [
        (user, joined_words(user.name), joined_words(displays.get(user.name, "")))
        for user in listed
    ]
    return [one for one in found if have_prefixes(one[1] + one[2], prefixes)]


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


async def _hits(query: Query, messages: Sequence[Message], rooms: Mapping[str, Room]) -> list[Hit]:
    def cut() -> list[Hit]:
        return [_hit(query, message, rooms[message.room_id]) for message in messages]

    if sum(len(message.body) for message in messages) < CHARS_ON_LOOP:
        return cut()
    return await asyncio.to_thread(cut)


def _hit(query: Query, message: Message, room: Room) -> Hit:
    files = [excerpt(query, file.name) for file in message.files]
    return Hit(message, room, _excerpt(query, message.body), files)


def _excerpt(query: Query, body: str) -> Pieces:
    """Return the part of a text around its first hit, as its readers see it."""
    part, cut_before, cut_behind = excerpt_source(query, body)
    pieces, more = excerpt(query, _plain(part)), ("…", False)
    if cut_before and pieces[:1] != [more]:
        pieces.insert(0, more)
    if cut_behind and pieces[-1:] != [more]:
        pieces.append(more)
    if any(is_hit for _, is_hit in pieces):
        return pieces
    # The hit may be in what readers do not see, such as the address behind a link.
    raw = excerpt(query, body)
    return raw if any(is_hit for _, is_hit in raw) else pieces


@lru_cache(maxsize=1_000)
def _plain(part: str) -> str:
    """Return a text without markup. Cached: parsing is slow, and each letter typed asks again."""
    return plain(part)
