"""Reactions over HTTP: on, off, again, at once, refused; and the picker's emoji."""

import asyncio
import re

import pytest

from littlechat.core.limits import REACTIONS_MAX
from littlechat.platform.rate_limits import REACT
from tests.attacks import alert, everything, found_room, insiders
from tests.factories import Dom, Person, Site

SOME = list("😀😁😂😃😄😅😆😇😈😉😊😋😌😍😎😏😐😑😒😓😔")


async def react(person: Person, room: str, emoji: str, on: str = "", status: int = 200) -> str:
    more = {"on": on} if on else {}
    answer = await person.post(
        f"/rooms/{room}/messages/1/reactions", htmx=True, emoji=emoji, **more
    )
    assert answer.status_code == status, answer.text
    return answer.text


async def reactions(person: Person, room: str) -> dict[str, list[str]]:
    return (await person.page(room)).messages[1].reactions


async def test_two_people_react_and_both_pages_show_it(site: Site, other_site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben)
        await ada.say(room, "shall we?")
        ben.url = other_site.url
        ben.http.base_url = other_site.url
        hers = await ada.stream(room, "c0-0")
        await react(ben, room, "👍")
        await react(ada, room, "👍")
        text = await react(ada, room, "❤")
        assert Dom(text).messages[1].reactions == {"👍": ["Ben", "Ada"], "❤️": ["Ada"]}
        assert 'title="Ben and Ada"' in text
        both = {"👍": ["Ben", "Ada"], "❤️": ["Ada"]}
        await hers.until(lambda dom: 1 in dom.messages and dom.messages[1].reactions == both)
        await react(ben, room, "👍")
        await react(ada, room, "❤️")
        await hers.until(lambda dom: dom.messages[1].reactions == {"👍": ["Ada"]})
        await hers.close()
        assert await reactions(ben, room) == {"👍": ["Ada"]}


async def test_said_outright_a_reaction_may_be_sent_again(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await ada.create_room("Garden")
        await ada.say(room, "shall we?")
        for on, there in (("0", {}), ("1", {"👍": ["Ada"]}), ("1", {"👍": ["Ada"]}), ("0", {})):
            await react(ada, room, "👍", on)
            assert await reactions(ada, room) == there
        # What changes nothing is no change.
        assert (await site.services.messages.head(room)).change == 2


async def test_reactions_at_once_are_all_there(site: Site, other_site: Site) -> None:
    async with insiders(site, "Ada", "Ben", "Cleo") as people:
        room = await found_room(site, "Garden", *people)
        await people[0].say(room, "shall we?")
        people[1].http.base_url = other_site.url
        await asyncio.gather(
            *(react(person, room, emoji, "1") for emoji in SOME[:5] for person in people)
        )
        found = await reactions(people[0], room)
        assert {emoji: sorted(names) for emoji, names in found.items()} == {
            emoji: ["Ada", "Ben", "Cleo"] for emoji in SOME[:5]
        }


async def test_a_plain_form_reacts_and_leads_back(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await ada.create_room("Garden")
        await ada.say(room, "shall we?")
        answer = await ada.post(f"/rooms/{room}/messages/1/reactions", emoji="👍")
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/rooms/{room}?around=1#message-1"
        assert await reactions(ada, room) == {"👍": ["Ada"]}


async def test_too_many_kinds_are_refused_and_those_there_still_take_more(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben)
        await ada.say(room, "shall we?")
        for emoji in SOME[:REACTIONS_MAX]:
            await react(ada, room, emoji)
        text = await react(ben, room, SOME[REACTIONS_MAX], status=403)
        assert "at most 20 different emoji" in alert(text)
        await react(ben, room, SOME[0])
        await react(ada, room, SOME[1])
        await react(ben, room, SOME[REACTIONS_MAX])
        assert len(await reactions(ada, room)) == REACTIONS_MAX


@pytest.mark.parametrize("emoji", ["", "x", "👍👍", "<b>", "\0", "x" * 50_000])
async def test_what_is_no_emoji_is_refused(site: Site, emoji: str) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await ada.create_room("Garden")
        await ada.say(room, "shall we?")
        stored = await everything(site)
        assert alert(await react(ada, room, emoji, status=422)) == "A reaction is one emoji."
        await react(ada, room, "👍", on="yes", status=422)
        assert await everything(site) == stored


async def test_removed_and_absent_messages_take_none(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await ada.create_room("Garden")
        await ada.say(room, "shall we?")
        await react(ada, room, "👍")
        await ada.post(f"/rooms/{room}/messages/1/remove")
        await react(ada, room, "👍", status=404)
        assert await reactions(ada, room) == {}
        for seq in ("2", "9" * 30):
            answer = await ada.post(f"/rooms/{room}/messages/{seq}/reactions", emoji="👍")
            assert answer.status_code == 404


async def test_reactions_are_limited_like_all_that_makes_noise(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await ada.create_room("Garden")
        await ada.say(room, "shall we?")
        user = await site.services.accounts.users.find("Ada")
        assert user
        for _ in range(60):
            await site.services.platform.rate_limits.hit(REACT, user.id)
        text = await react(ada, room, "👍", status=429)
        assert "Try again in" in alert(text)


async def test_picker_is_fetched_once_and_kept(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        answer = await ada.get("/emoji", htmx=True)
        assert answer.headers["cache-control"] == "private, max-age=86400"
        found = re.findall(r'<button type="button" tabindex="-1" title="([^"]+)"', answer.text)
        assert len(found) > 1_500
        assert "thumbs up" in found
        again = await ada.http.get("/emoji", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
