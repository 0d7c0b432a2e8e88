"""Names in a text that reach nobody: what their author is told, and who may be meant."""

import re
from datetime import UTC, datetime

from littlechat.platform.database import now
from littlechat.platform.rate_limits import CHECK_NAMES
from tests.attacks import everything, found_room, insiders, user_of
from tests.factories import Person, Site


async def checked(person: Person, room: str, text: str, status: int = 200) -> str:
    answer = await person.post(f"/rooms/{room}/mentions", htmx=True, body=text)
    assert answer.status_code == status
    return answer.text


def offered(html: str) -> list[str]:
    return re.findall(r'data-name="([^"]*)"', html)


async def test_a_name_that_nobody_has_is_said_with_those_who_may_be_meant(site: Site) -> None:
    names = ("Ada", "Sabine", "sabato", "Ben", "Sabrina")
    async with insiders(site, *names) as (ada, sabine, sabato, ben, _):
        room = await found_room(site, "Garden", ada, sabine, sabato, ben)
        html = await checked(ada, room, "@sab and @ben: tea?")
        assert "Nobody here is called <bdi>@sab</bdi>." in html
        # Members of the room come first.
        assert offered(html) == ["sabato", "Sabine", "Sabrina"]
        assert offered(await checked(ada, room, "@sabnie?")) == ["Sabine"]


async def test_people_are_offered_by_what_they_call_themselves(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben)
        await ben.post("/account/profile", False, display="Şule <b>", bio="", zone="")
        await site.services.avatar_styles.load()
        html = await checked(ada, room, "@sule")
        assert offered(html) == ["Ben"]
        assert "Şule &lt;b&gt;" in html


async def test_who_is_not_in_the_room_is_named_so(site: Site) -> None:
    async with insiders(site, "Ada", "Ben-Joe", "Ben") as (ada, _, ben):
        room = await found_room(site, "Garden", ada, ben)
        html = await checked(ada, room, "@ben-joe and @ben")
        assert "<bdi>@Ben-Joe</bdi> is not in this room and will not be notified." in html
        assert "Nobody" not in html
        await ada.say(room, "@ben-joe and @ben")
        html = (await ben.get(f"/rooms/{room}")).text
        assert re.findall(r'data-mention="([^"]*)"', html) == ["Ben-Joe", "Ben"]
        user, epoch = await user_of(site, ben), datetime(2020, 1, 1, tzinfo=UTC)
        queries = site.services.messages.queries
        assert len(await queries.list_addressed([user.id], epoch, now())) == 1
        await ada.post(f"/rooms/{room}/messages/1/edit", htmx=True, body="@ben-joe alone")
        assert await queries.list_addressed([user.id], epoch, now()) == []


async def test_names_that_reach_people_and_texts_without_names_say_nothing(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben)
        for text in ("@ben’s tea", "＠Benさん", "`@nobody`", "a@example.com", "@all", "@ 7", ""):
            assert (await checked(ada, room, text)).strip() == "", text


async def test_only_members_ask_not_without_end_and_nothing_is_stored(site: Site) -> None:
    async with insiders(site, "Ada", "Dan") as (ada, dan):
        room = await found_room(site, "Garden", ada, visibility="private")
        await checked(dan, room, "@ada", 404)
        stored = await everything(site)
        assert "Nobody" in await checked(ada, room, "@nobody")
        assert await everything(site) == stored
        user = await user_of(site, ada)
        for _ in range(CHECK_NAMES.item.amount - 1):
            await site.services.platform.rate_limits.hit(CHECK_NAMES, user.id)
        await checked(ada, room, "x", 429)
