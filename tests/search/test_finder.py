"""The search over a real index: equal to reading everything, whatever was posted and changed."""

import contextlib
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from littlechat.core.messages import Draft, Message
from littlechat.core.names import new_id
from littlechat.core.people import User
from littlechat.messages.documents import from_document
from littlechat.messages.mutations import edited, emptied
from littlechat.messages.schema import MESSAGES
from littlechat.messages.store import Messages
from littlechat.platform.database import Database, Document, Missing
from littlechat.rooms.schema import ROOMS as ROOMS_COLLECTION
from littlechat.search import finder as search
from littlechat.search import manifest, segments
from littlechat.search.finder import Finder
from littlechat.search.index import SearchIndex
from littlechat.search.indexer import Indexer
from littlechat.search.matching import matches
from littlechat.search.query import Query, parse
from littlechat.search.results import Found, Place
from tests.factories import make_rooms, wipe
from tests.tabs import ADA, BEN

NOW = datetime(2026, 5, 4, tzinfo=UTC)
ROOMS = ("garden", "attic", "cellar")
WORDS = "tree Trees treacle Öl oil 日本語 本 мир https://x.org/tree to".split()


def a_room(name: str, created: datetime, last_seq: int = 0) -> Document:
    """Return the document of a public room in which so much was said."""
    return {
        "_id": name,
        "key": name,
        "name": name,
        "description": "",
        "visibility": "public",
        "creator": None,
        "created": created,
        "members": 0,
        "last_seq": last_seq,
        "last_at": None,
    }


async def make_three_rooms(db: Database) -> None:
    for room in ROOMS:
        await db[ROOMS_COLLECTION].insert(a_room(room, NOW))


def make_indexer(db: Database, index: SearchIndex) -> Indexer:
    """Return another process's indexer over the same index."""
    return Indexer(db, index, Messages(db), make_rooms(db).store)


class World:
    """A store, an index over it, and the search in both ways."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.messages = Messages(db)
        self.search_index = SearchIndex(db)
        self.indexer = make_indexer(db, self.search_index)
        self.search = Finder(self.search_index, Messages(db))

    async def say(self, room: str, body: str, author: User = ADA) -> Message:
        return await self.messages.add(room, author, Draft(body, new_id()))

    async def index(self) -> int:
        return await self.indexer.catch_up(ROOMS)

    async def all_pages(
        self, query: Query, rooms: list[str], authors: list[str] | None
    ) -> list[Message]:
        """Page through all results, three at a time."""
        found: list[Message] = []
        place: Place | None = None
        while True:
            page: Found = await self.search.find(query, rooms, authors, place, limit=3)
            found += page.messages
            assert len(page.messages) <= 3
            if page.more is None:
                return found
            place = Place.parse(str(page.more))
            assert place == page.more

    async def naive(
        self, query: Query, rooms: list[str], authors: list[str] | None
    ) -> list[Message]:
        found = [
            message
            for message in map(from_document, await self.db[MESSAGES].find({}))
            if message.room_id in rooms
            and (authors is None or message.author_id in authors)
            and matches(query, message)
            and (query.after is None or message.at >= query.after)
            and (query.before is None or message.at < query.before)
        ]
        return sorted(found, key=lambda one: (one.at, one.room_id, one.seq), reverse=True)


@pytest.fixture
async def world(db: Database) -> World:
    await make_three_rooms(db)
    return World(db)


def texts(found: Found) -> list[str]:
    return [message.body for message in found.messages]


async def ask(world: World, typed: str, *rooms: str) -> list[str]:
    return texts(await world.search.find(parse(typed, NOW), rooms or ROOMS))


body = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
act = st.one_of(
    st.tuples(st.just("say"), st.sampled_from(ROOMS), body, st.sampled_from([ADA, BEN])),
    st.tuples(st.just("edit"), st.integers(0, 50), body),
    st.tuples(st.just("remove"), st.integers(0, 50)),
    st.just(("index",)),
    st.just(("sweep",)),
)
QUERIES = [
    *("tree", "tr", "tre oil", "oil tree to ", '"oil tree"', "日本語", "本", "日", "мир", "to"),
    *("has:link", "has:link tr", "x", "nothing", "after:2020", "before:2020", "on:2026"),
]


@hypothesis_settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(acts=st.lists(act, max_size=40), seed=st.integers(0, 1000))
async def test_search_equals_reading_everything(
    db: Database, acts: list[tuple[object, ...]], seed: int
) -> None:
    await wipe(db)
    await make_three_rooms(db)
    world, said = World(db), []
    # Segments of several parts, and merges, with a handful of messages.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "WHOLE_BYTES", 600)
        patch.setattr(segments, "PAGE_BYTES", 60)
        patch.setattr(segments, "TABLE_ROWS", 2)
        patch.setattr(search, "TABLE_ROWS", 2)
        patch.setattr(manifest, "FAN", 3)
        for one in acts:
            match one:
                case ("say", room, text, author):
                    said.append(await world.say(str(room), str(text), author))  # type: ignore[arg-type]
                case ("edit" | "remove" as kind, int(number), *rest) if said:
                    at = said[number % len(said)]
                    user = next(user for user in (ADA, BEN) if user.id == at.author_id)
                    decide = edited(str(rest[0]), user) if kind == "edit" else emptied(user)
                    with contextlib.suppress(Missing):  # It was removed before.
                        await world.messages.change(at.room_id, at.seq, decide)
                case ("index",):
                    await world.index()
                case ("sweep",):
                    await world.indexer.sweep(rest=0)
                    await world.search_index.delete_retired(seconds=0)
        await world.index()
        chance = random.Random(seed)
        for typed in QUERIES:
            rooms = chance.sample(ROOMS, chance.randint(1, 3))
            authors = chance.choice([None, [ADA.id], [ADA.id, BEN.id]])
            query = parse(typed, NOW)
            wanted = await world.naive(query, rooms, authors)
            assert await world.all_pages(query, rooms, authors) == wanted, (typed, rooms)


async def test_newest_comes_first_over_all_rooms(world: World) -> None:
    for number in range(6):
        await world.say(ROOMS[number % 3], f"tree {number}")
    await world.index()
    assert await ask(world, "tree") == [f"tree {number}" for number in (5, 4, 3, 2, 1, 0)]


async def test_room_that_is_not_given_is_never_shown(world: World) -> None:
    for number in range(9):
        await world.say(ROOMS[number % 3], f"secret {number}")
    await world.index()
    for typed in ("secret", "se", '"secret 1"', "after:2020", "secret before:2100"):
        found = await world.search.find(parse(typed, NOW), ["garden"])
        assert {message.room_id for message in found.messages} <= {"garden"}
    assert (await world.search.find(parse("secret", NOW), [])).messages == []


async def test_an_index_that_is_behind_shows_no_removed_and_no_former_text(world: World) -> None:
    first, second = await world.say("garden", "old words"), await world.say("garden", "old too")
    await world.index()
    await world.messages.change("garden", first.seq, edited("new words", ADA))
    await world.messages.change("garden", second.seq, emptied(ADA))
    assert await ask(world, "old") == []
    assert await ask(world, "words") == ["new words"]
    await world.index()
    assert await ask(world, "new") == ["new words"]
    assert await ask(world, "old") == []


async def test_words_of_former_texts_cost_a_page_no_more_than_so_many_reads(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "READ_MAX", 4)
    for number in range(12):
        await world.say("garden", f"old {number}")
    await world.index()
    for seq in range(2, 13):
        await world.messages.change("garden", seq, edited("other", ADA))
    pages, place = 0, None
    found: list[str] = []
    while True:
        page = await world.search.find(parse("old", NOW), ROOMS, None, place, limit=3)
        found += texts(page)
        pages += 1
        place = page.more
        if place is None:
            break
    assert found == ["old 0"]
    assert pages == 3 + 1


async def test_segment_that_vanishes_under_a_search_is_looked_for_again(world: World) -> None:
    for number in range(8):
        await world.say("garden", f"tree {number}")
        await world.search_index.append([])
        await world.index()
    stale = await world.search_index.manifest()
    fresh = SearchIndex(world.db)
    manifests = [with_a_ghost(stale), await fresh.manifest()]

    async def manifest() -> object:
        return manifests.pop(0) if len(manifests) > 1 else manifests[0]

    fresh.manifest = manifest  # type: ignore[method-assign, assignment]
    found = await Finder(fresh, Messages(world.db)).find(parse("tree", NOW), ROOMS)
    assert len(found.messages) == 8


def with_a_ghost(now: manifest.Manifest) -> manifest.Manifest:
    gone = manifest.Entry("gone", 1, 0, 1 << 50)
    return manifest.Manifest(now.version, (*now.entries, gone))


async def test_room_made_anew_under_an_old_id_shows_only_what_is_said_in_it(world: World) -> None:
    for number in range(5):
        await world.say("garden", f"former {number}")
    await world.index()
    await world.messages.delete_room("garden")
    await world.db[ROOMS_COLLECTION].delete({"_id": "garden"})
    await world.db[ROOMS_COLLECTION].insert(a_room("garden", NOW + timedelta(days=1)))
    await world.say("garden", "later")
    await world.index()
    assert await ask(world, "former") == []
    assert await ask(world, "later") == ["later"]
    await world.indexer.sweep(rest=0)
    assert await ask(world, "later") == ["later"]


async def test_of_long_messages_fewer_are_read_for_a_page_and_none_is_left_out(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_three_rooms(db)
    world = World(db)
    for number in range(9):
        await world.say(ROOMS[0], f"tree {number} " + "long " * 40)
    await world.index()
    monkeypatch.setattr(search, "READ_CHARS_MAX", 500)
    monkeypatch.setattr(search, "CHARS_ON_LOOP", 100)
    finder, after, pages = Finder(SearchIndex(db), Messages(db)), None, list[int]()
    while True:
        found = await finder.find(parse('"tree" -', NOW), ROOMS, after=after, limit=2)
        pages.append(len(found.messages))
        after = found.more
        if after is None:
            break
    assert sum(pages) == 9
    assert max(pages) <= 3
