"""Direct conversations over HTTP: opened, listed, hidden, and closed to everybody else."""

import re

from littlechat.core.limits import DIRECT_MAX
from littlechat.core.messages import Draft
from tests.attacks import alert, everything, handshake, insiders, user_of
from tests.factories import Person, Site, Stream


async def open_direct(person: Person, *names: str) -> str:
    answer = await person.http.post("/direct", data={"name": list(names)})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).rpartition("/")[2]


async def listed(person: Person) -> list[str]:
    """Return the conversations that the person's list of rooms shows."""
    page = (await person.get("/rooms", htmx=True)).text
    part = page.partition('id="directs"')[2].partition("</ul>")[0]
    return re.findall(r'<strong dir="auto"[^>]*>([^<]*)<', part)


async def touched(site: Site) -> None:
    """Wait until lists know the latest messages."""
    await site.services.platform.tasks.close()


async def test_a_name_opens_the_one_conversation_there_is(site: Site, other_site: Site) -> None:
    async with insiders(site, "Ada", "Ben", "Cleo") as (ada, ben, cleo):
        room = await open_direct(ada, "Ben")
        assert await open_direct(ada, "ben", "Ada") == room
        assert await open_direct(ben, "Ada") == room
        page = (await ada.get(f"/rooms/{room}")).text
        assert "<title>Ben · littlechat</title>" in page
        assert 'placeholder="Message Ben"' in page
        assert f"/rooms/{room}/settings" not in page
        assert "<title>Ada · littlechat</title>" in (await ben.get(f"/rooms/{room}")).text
        group = await open_direct(cleo, "Ada", "Ben")
        assert group not in (room, "")
        assert "<title>Ada, Ben · littlechat</title>" in (await cleo.get(f"/rooms/{group}")).text


async def test_it_shows_by_itself_to_the_other_with_the_first_message(
    site: Site, other_site: Site
) -> None:
    async with insiders(site, "Ada", "Ben", "Dan") as (ada, ben, dan):
        there = Person(other_site, "Ben")
        there.http.cookies = ben.http.cookies
        his, dans = Stream(await there.connect("/socket")), Stream(await dan.connect("/socket"))
        room = await open_direct(ada, "Ben")
        assert (await listed(ada), await listed(ben)) == (["Ben"], [])
        await ada.say(room, "hello")
        frame = await his.until_text("direct-news")
        assert f'data-room="{room}"' in frame
        await touched(site)
        assert await listed(ben) == ["Ada"]
        await dan.say(await open_direct(dan, "Dan"), "note")
        await dans.until_text("direct-news")
        assert room not in "".join(dans.frames)
        for one in (his, dans):
            await one.close()
        await there.http.aclose()


async def test_a_direct_message_is_addressed_to_everybody_else_in_it(site: Site) -> None:
    async with insiders(site, "Ada", "Ben", "Cleo") as (ada, ben, cleo):
        ids = {person.name: (await user_of(site, person)).id for person in (ada, ben, cleo)}
        room = await open_direct(ada, "Ben", "Cleo")
        seq = await ben.say(room, "hello")
        message = await site.services.messages.get(room, seq)
        assert set(message.addressed_to) == {ids["Ada"], ids["Cleo"]}
        draft = Draft("@Ada", "", mentions=("Ada",), addressed_to=(ids["Ada"],))
        named = await site.services.actions.messages.say(room, await user_of(site, ben), draft)
        assert sorted(named.addressed_to) == sorted({ids["Ada"], ids["Cleo"]})


async def test_unknown_names_and_too_many_are_told_and_nothing_is_lost(site: Site) -> None:
    names = [f"person{n}" for n in range(DIRECT_MAX)]
    async with insiders(site, "Ada", *names) as (ada, *_):
        stored = await everything(site)
        for given, sentence in (
            (["person1", "Zed"], "There is nobody called Zed here."),
            ([], "Choose whom to talk to."),
            (["  "], "Choose whom to talk to."),
            (names, "A direct conversation has at most 9 people: make a room for more."),
        ):
            answer = await ada.http.post("/direct", data={"name": given, "q": "per"})
            assert answer.status_code == 422
            assert alert(answer.text) == sentence
            checked = re.findall(r'value="(\w+)" checked', answer.text)
            assert checked == [name for name in given if name in names]
            assert re.search(r'name="q" value="per"', answer.text)
        assert await everything(site) == stored
        assert len(await open_direct(ada, *names[:-1])) > 10


async def test_people_are_chosen_without_a_script(site: Site) -> None:
    async with insiders(site, "Ada", "Ben", "Bea") as (ada, _, _):
        page = (await ada.get("/direct/new?q=be&name=Ada&name=nobody")).text
        assert re.findall(r'name="name" value="(\w+)"', page) == ["Ada", "Bea", "Ben"]
        assert page.count(" checked") == 1
        part = (await ada.get("/direct/new?q=x", htmx=True)).text
        assert part.strip().startswith('<div id="choice" data-q="x">')
        assert "Nobody else’s name begins with “x”." in part


async def test_one_may_write_to_oneself(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await open_direct(ada, "Ada")
        await ada.say(room, "a note")
        assert "<title>Ada (you) · littlechat</title>" in (await ada.get(f"/rooms/{room}")).text
        assert await listed(ada) == ["Ada (you)"]


async def test_hidden_it_is_off_the_list_until_somebody_speaks(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await open_direct(ada, "Ben")
        await ada.say(room, "hello")
        await touched(site)
        assert await listed(ben) == ["Ada"]
        answer = await ben.post(f"/rooms/{room}/hide")
        assert answer.headers["location"] == "/rooms"
        assert (await listed(ada), await listed(ben)) == (["Ben"], [])
        assert (await ben.get(f"/rooms/{room}")).status_code == 200
        await ada.say(room, "are you there?")
        await touched(site)
        assert await listed(ben) == ["Ada"]


async def test_a_conversation_is_as_absent_to_everybody_else(site: Site) -> None:
    async with insiders(site, "Ada", "Ben", "Dan") as (ada, ben, dan):
        room = await open_direct(ada, "Ben")
        await ada.say(room, "hidden words")
        for path in ("", "/settings", "/messages", "/messages/1", "/messages/1/edit"):
            hidden, absent = [await dan.get(f"/rooms/{one}{path}") for one in (room, "nosuchroom")]
            assert hidden.status_code == absent.status_code == 404
            assert hidden.text == absent.text
        for path in "join leave settings delete invitations messages hide".split():
            answer = await dan.post(f"/rooms/{room}/{path}", body="x", name="x")
            assert (answer.status_code, path) == (404, path)
        assert (await dan.post(f"/rooms/{room}/members/Ben/remove")).status_code == 404
        assert await handshake(dan, f"/rooms/{room}/socket") == 404
        for path in ("/rooms", "/rooms?search=a", "/jump?q=", "/jump?q=ada"):
            assert room not in (await dan.get(path)).text
        assert room in (await ben.get("/rooms?search=ada")).text


async def test_its_own_people_cannot_make_a_room_of_it(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await open_direct(ada, "Ben")
        await ada.say(room, "hello")
        stored = await everything(site)
        for person in (ada, ben):
            for path, status, form in (
                ("settings", 403, {"name": "Garden"}),
                ("delete", 403, {"confirmation": "Ada, Ben"}),
                ("invitations", 404, {}),
                ("invitations/x/revoke", 404, {}),
                ("leave", 403, {}),
                ("members/Ada/remove", 403, {}),
                ("members/Ben/remove", 403, {}),
                ("join", 303, {}),
            ):
                answer = await person.http.post(f"/rooms/{room}/{path}", data=form)
                assert (answer.status_code, path) == (status, path)
            assert (await person.get(f"/rooms/{room}/settings")).status_code == 404
        assert (await ben.post(f"/rooms/{room}/messages/1/remove")).status_code == 404
        assert await everything(site) == stored


async def test_an_edited_direct_message_stays_addressed_to_everybody_else_in_it(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await open_direct(ada, "Ben")
        seq = await ada.say(room, "helo")
        edited = await ada.post(f"/rooms/{room}/messages/{seq}/edit", htmx=True, body="hello")
        assert edited.status_code == 200
        assert "hello" in (await ben.get("/inbox")).text


async def test_nobody_is_banned_from_a_conversation(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await open_direct(ada, "Ben")
        await site.services.accounts.roles.promote(await user_of(site, ada))
        site.services.realtime.announcements.refresh((await user_of(site, ada)).id)
        assert (await ada.post(f"/rooms/{room}/members/Ben/ban")).status_code == 403
        assert await site.services.rooms.bans.list_bans(room) == []
        assert (await ben.get(f"/rooms/{room}")).status_code == 200
