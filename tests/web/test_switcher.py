"""The quick switcher over HTTP: what it shows to whom."""

import re
from urllib.parse import quote

from littlechat.core.limits import LOBBY
from tests.attacks import found_room, insiders, user_of
from tests.factories import Person, Site


async def found(person: Person, query: str) -> list[str]:
    text = (await person.get(f"/jump?q={query}", htmx=True)).text
    return re.findall(r'class="label"[^>]*>([^<]*)<', text)


async def test_it_finds_rooms_conversations_and_people_but_nothing_hidden(site: Site) -> None:
    async with insiders(site, "Ada", "Ben", "Bea", "Dan") as (ada, ben, _, dan):
        await found_room(site, "Bees", ada, visibility="private")
        await found_room(site, "Barn", dan)
        await ada.post("/direct", name="Ben")
        assert await found(ada, "b") == ["Ben", "Bees", "Bea", "Barn"]
        assert await found(dan, "b") == ["Barn", "Bea", "Ben"]
        assert await found(ada, "nobody") == []
        assert "Nothing here is called “nobody”" in (await ada.get("/jump?q=nobody")).text
        page = (await ben.get("/jump?q=ada")).text
        assert page.startswith("<!doctype html>")
        assert '<button class="jump" name="name" value="Ada">' in page


async def test_without_a_query_it_offers_where_one_was_last_but_for_here(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await found_room(site, "Garden", ada)
        await ada.join(LOBBY)
        assert set(await found(ada, "")) == {"Garden", "Lobby"}
        assert await found(ada, f"&here={room}") == ["Lobby"]
        assert await found(ada, f"gar&here={room}") == ["Garden"]


async def test_people_are_found_by_what_they_call_themselves(site: Site) -> None:
    form = {"display": "Maria Curie", "bio": "", "zone": ""}
    async with insiders(site, "Ada", "Ben", "Bea") as (ada, ben, bea):
        for person in (ben, bea):
            form["display"] += " B" * (person is bea)
            await person.post("/account/profile", False, **form)
        await site.services.avatar_styles.load()
        assert await found(ada, "cur") == ["Bea", "Ben"]
        page = (await ada.get("/direct/new?q=mar")).text
        assert re.findall(r'type="checkbox"[^>]*value="(\w+)"', page) == ["Bea", "Ben"]
        await ada.post("/direct", name="Ben")
        assert await found(ada, "cur") == ["Ben", "Bea"]
        await site.services.accounts.sessions.disable(await user_of(site, bea))
        assert await found(ada, "cur") == ["Ben"]


async def test_people_are_found_whatever_accents_are_typed(site: Site) -> None:
    async with insiders(site, "Ada", "André", "Müller", "Işıl", "sole") as (ada, *_):
        for typed, name in (
            ("andre", "André"),
            ("andré", "André"),
            ("mull", "Müller"),
            ("MÜLL", "Müller"),
            ("isil", "Işıl"),
            ("İŞ", "Işıl"),
            ("solé", "sole"),
        ):
            assert await found(ada, typed) == [name], typed
            page = (await ada.get(f"/direct/new?q={typed}")).text
            assert re.findall(r'type="checkbox"[^>]*value="(\w+)"', page) == [name], typed
            assert (
                f'href="/people/{quote(name)}"' in (await ada.get(f"/people?search={typed}")).text
            )


async def test_queries_are_text_and_bounded(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        for query in (".*", "%00", "%F0%9F%98%80", "x" * 2_000, "%EF%B7%BA" * 500, "$gt"):
            assert (await ada.get(f"/jump?q={query}")).status_code == 200


async def test_who_is_called_exactly_so_comes_before_many_similar_names(site: Site) -> None:
    async with insiders(site, "Ada", "Zed") as (ada, zed):
        for number in range(30):
            await site.services.accounts.users.make(f"max{number:02}")
        await zed.post("/account/profile", False, display="Max", bio="", zone="")
        await site.services.avatar_styles.load()
        names = await found(ada, "max")
        assert names[:2] == ["Zed", "max00"]
        # Signs alone find nobody, and leave where one is already.
        assert await found(ada, "-") == ["Lobby"]
