"""Rooms as pages: the list, making, doors, coming and going, invitations, and who is kept out."""

import asyncio
import contextlib
import re
from datetime import timedelta

import pytest

from littlechat.core.limits import LOBBY
from littlechat.platform.rate_limits import (
    CREATE_ROOM,
    INVITE,
    JOIN,
    TooMany,
)
from littlechat.rendering.template_filters import iso
from littlechat.rooms.schema import ROOMS
from tests.attacks import alert, everything, found_room, handshake, insiders, user_of
from tests.factories import KICK_SECONDS, Person, Site


def listed(page: str) -> list[str]:
    """Return the rooms that a page's list shows, in its order."""
    return re.findall(r'<a href="/rooms/([\w-]+)"', page.partition('id="rooms"')[2])


async def kicked(*tasks: asyncio.Task[int]) -> list[int]:
    async with asyncio.timeout(KICK_SECONDS):
        return list(await asyncio.gather(*tasks))


# The list


async def test_the_list_shows_joined_rooms_first_and_no_private_one_of_others(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        for name in ("Attic", "Barn", "Cellar"):
            await found_room(site, name, ada)
        await found_room(site, "Hiding place", ada, visibility="private")
        await found_room(site, "Eyrie", ada, ben, visibility="private")
        await ben.join("attic")
        page = (await ben.get("/rooms")).text
        rooms = listed(page)
        assert {"attic"} < set(rooms[:2])
        assert sorted(rooms[2:]) == ["barn", "cellar", "lobby"]
        assert "Eyrie" in page
        assert "Hiding place" not in page
        assert "2 members" in page
        assert page.count("/join") == 3
        assert page.startswith("<!doctype html>")


async def test_htmx_gets_the_list_or_the_sidebar_alone(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await ada.create_room("Garden")
        part = (await ada.get("/rooms", htmx=True)).text
        assert part.strip().startswith('<div id="rooms"')
        assert f'href="/rooms/{room}"' in part
        side = (await ada.get(f"/rooms?view=sidebar&here={room}", htmx=True)).text
        assert side.strip().startswith('<nav id="rooms"')
        assert f'href="/rooms/{room}" aria-current="page"' in side


async def test_a_search_finds_by_part_of_a_name_whatever_case_and_accents(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        await found_room(site, "Grüner Garten", ada)
        await found_room(site, "Cellar", ada)
        await found_room(site, "Secret Garten", ada, visibility="private")
        assert listed((await ada.get("/rooms?search=GRUN", htmx=True)).text) == ["gruner-garten"]
        for search in ("garten", "GRÜNER", "gruner", "er gar"):
            found = (await ben.http.get("/rooms", params={"search": search})).text
            assert listed(found) == ["gruner-garten"]
            assert f'value="{search}"' in found
        nothing = (await ben.get("/rooms?search=secret", htmx=True)).text
        assert listed(nothing) == []
        assert "No room matches “secret”." in nothing


async def test_the_list_is_announced_to_every_socket(
    site: Site, other_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("littlechat.realtime.dispatcher.ROOMS_SECONDS", 0.05)
    async with (
        insiders(site, "Ada", "Ben") as (ada, ben),
        Person(other_site, "Ben") as ben_there,
    ):
        ben_there.http.cookies = ben.http.cookies
        await ben.join(LOBBY)
        room = await found_room(site, "Garden", ada)
        streams = [await ben.stream(LOBBY), await ben_there.stream(LOBBY)]
        for act in (
            ada.post("/rooms", name="Cellar", visibility="public"),
            ada.post(f"/rooms/{room}/settings", name="Park", description=""),
            ada.join(LOBBY),
            ada.post(f"/rooms/{room}/delete", confirmation="Park"),
        ):
            await act
            for stream in streams:
                news = await stream.until_text('id="rooms-news"')
                assert "Park" not in news
                assert "Cellar" not in news


# Making and keeping


async def test_a_room_is_made_and_its_maker_is_in_it(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        form = {"name": "  Green \t Garden ", "description": "For  plants", "visibility": "public"}
        answer = await ada.post("/rooms", False, **form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/rooms/green-garden")
        page = (await ada.get("/rooms/green-garden")).text
        assert '<h1 dir="auto">Green Garden</h1>' in page
        assert "For plants" in page
        assert 'data-manages="yes"' in page
        assert 'data-member="Ada"' in page
        answer = await ada.post("/rooms", htmx=True, name="Cellar")
        assert answer.headers["hx-redirect"] == "/rooms/cellar"


async def test_a_private_rooms_address_tells_nothing(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await ada.create_room("Layoffs 2027", "private")
        assert re.fullmatch(r"[a-z2-7]{15}", room)


async def test_a_name_taken_however_spelled_is_409_with_the_text_kept(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        await ada.create_room("Straße")
        for name in ("straße", "STRASSE", "Ｓtraße", " Straße "):
            answer = await ada.post("/rooms", name=name, description="kept", visibility="private")
            assert answer.status_code == 409
            assert "of this name already, or of one that looks like it" in alert(answer.text)
            assert f'value="{name}"' in answer.text
            assert 'value="kept"' in answer.text
            assert 'value="private" checked' in answer.text
        for name in ("Lobby", "lobby"):
            assert (await ada.post("/rooms", name=name)).status_code == 409


async def test_names_that_are_none_are_422_with_the_text_kept(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        for form, sentence in (
            ({"name": ""}, "A room needs a name."),
            ({"name": "\u200b\u3164 "}, "A room needs a name."),
            ({"name": "x" * 61}, "A room's name has at most 60 characters."),
            ({"name": "a", "description": "x" * 301}, "A description has at most 300 characters."),
            ({"name": "a", "visibility": "secret"}, "A room is either public or private."),
        ):
            answer = await ada.post("/rooms", False, **form)
            assert answer.status_code == 422
            assert alert(answer.text) == sentence
            assert f'value="{form["name"]}"' in answer.text
            assert form.get("description", "") in answer.text
        assert len(await site.services.platform.database[ROOMS].find({})) == 1


async def test_two_who_make_one_name_at_once_make_one_room(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as people:
        answers = await asyncio.gather(*(p.post("/rooms", name="Garden") for p in people * 3))
        assert sorted(answer.status_code for answer in answers) == [303, *[409] * 5]
        assert len(await site.services.platform.database[ROOMS].find({"key": "garden"})) == 1


async def test_words_of_our_addresses_are_no_rooms_addresses(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        for name in ("new", "New!", "ｎｅｗ ", "n e w"):
            answer = await ada.post("/rooms", name=name)
            assert answer.status_code in (303, 409)
            assert answer.headers.get("location") != "/rooms/new"
        assert "<h1>New room</h1>" in (await ada.get("/rooms/new")).text


async def test_the_settings_rename_and_the_old_name_is_free(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room, other = await ada.create_room("Garden"), await ada.create_room("Cellar")
        answer = await ada.post(f"/rooms/{room}/settings", name="Park", description="new")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/rooms/{room}")
        assert "Park" in (await ada.get(f"/rooms/{room}")).text
        taken = await ada.post(f"/rooms/{other}/settings", name="PARK", description="kept")
        assert taken.status_code == 409
        assert 'value="PARK"' in taken.text
        assert 'value="kept"' in taken.text
        blank = await ada.post(f"/rooms/{other}/settings", name=" ", description="kept")
        assert blank.status_code == 422
        assert 'value="kept"' in blank.text
        assert (await ada.post(f"/rooms/{room}/settings", name="PARK")).status_code == 303
        again = await ada.create_room("Garden")
        assert again != room


async def test_names_are_not_tried_out_faster_by_renaming(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await ada.create_room("Garden")
        for _ in range(CREATE_ROOM.item.amount - 1):
            await site.services.platform.rate_limits.hit(CREATE_ROOM, (await user_of(site, ada)).id)
        for path in (f"/rooms/{room}/settings", "/rooms"):
            answer = await ada.post(path, name="Guess")
            assert answer.status_code == 429
            assert int(answer.headers["retry-after"]) > 0


async def test_a_room_is_deleted_only_by_its_name(site: Site, other_site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben), Person(other_site, "Ben") as ben_there:
        ben_there.http.cookies = ben.http.cookies
        room = await found_room(site, "Green Garden", ada, ben)
        await ada.say(room, "hello")
        for wrong in ("", "green garden", "Green Garden!", room):
            answer = await ada.post(f"/rooms/{room}/delete", confirmation=wrong)
            assert answer.status_code == 422
            assert alert(answer.text) == "Type the room’s name, Green Garden, to delete it."
        streams = [await ben.stream(room), await ben_there.stream(room)]
        closing = [asyncio.create_task(stream.until_closed()) for stream in streams]
        answer = await ada.post(f"/rooms/{room}/delete", confirmation=" Green  Garden ")
        assert (answer.status_code, answer.headers["location"]) == (303, "/rooms")
        assert await kicked(*closing) == [1008, 1008]
        for person in (ada, ben, ben_there):
            assert (await person.get(f"/rooms/{room}")).status_code == 404
            assert (await person.post(f"/rooms/{room}/messages", body="x")).status_code == 404
            assert (await person.post(f"/rooms/{room}/join")).status_code == 404
        left = await everything(site)
        assert not left["messages"]
        assert not [one for one in left["memberships"] if one["room"] == room]


async def test_a_room_made_anew_shows_nothing_of_the_deleted_one(
    site: Site, other_site: Site
) -> None:
    async with insiders(site, "Ada") as (ada,), Person(other_site, "Ada") as ada_there:
        ada_there.http.cookies = ada.http.cookies
        room = await ada.create_room("Garden")
        for number in range(3):
            await ada_there.say(room, f"old secret {number}")
        stream = await ada_there.stream(room)
        await ada.post(f"/rooms/{room}/delete", confirmation="Garden")
        assert await stream.until_closed() == 1008
        room = await ada.create_room("Garden")
        for person in (ada_there, ada):
            await person.say(room, f"new by {person.url}")
            assert "old secret" not in str((await person.page(room)).texts)
        assert (await ada.page(room)).seqs == [1, 2]
        stream = await ada_there.stream(room)
        await ada.say(room, "heard")
        assert "old secret" not in await stream.until_text("heard")


# Doors


async def test_a_public_rooms_door_has_a_join_button_and_no_messages(site: Site) -> None:
    async with insiders(site, "Ada", "Dan") as (ada, dan):
        room = await ada.create_room("Garden")
        await ada.say(room, "inside words")
        page = (await dan.get(f"/rooms/{room}")).text
        assert f'<form method="post" action="/rooms/{room}/join"><button' in page
        assert "inside words" not in page
        assert "data-cursor" not in page
        await dan.join(room)
        assert "inside words" in (await dan.get(f"/rooms/{room}")).text
        await dan.join(room)
        assert len(await site.services.rooms.memberships.list_of(room)) == 2


async def test_a_private_room_is_a_404_like_any_other(site: Site) -> None:
    async with insiders(site, "Ada", "Dan") as (ada, dan):
        room = await ada.create_room("Den", "private")
        for path in ("", "/messages", "/settings", "/messages/1", "/messages/1/edit"):
            hidden = await dan.get(f"/rooms/{room}{path}")
            absent = await dan.get(f"/rooms/aaaaaaaaaaaaaaa{path}")
            assert hidden.status_code == absent.status_code == 404
            assert hidden.content == absent.content
        assert (await dan.post(f"/rooms/{room}/join")).status_code == 404
        assert room not in (await dan.get("/rooms")).text


async def test_a_member_leaves_and_is_out_at_once(site: Site, other_site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben), Person(other_site, "Ben") as ben_there:
        ben_there.http.cookies = ben.http.cookies
        room = await found_room(site, "Garden", ada, ben)
        assert (await ben_there.get(f"/rooms/{room}/settings")).status_code == 200
        streams = [await ben.stream(room), await ben_there.stream(room)]
        closing = [asyncio.create_task(stream.until_closed()) for stream in streams]
        answer = await ben.post(f"/rooms/{room}/leave")
        assert (answer.status_code, answer.headers["location"]) == (303, "/rooms")
        assert await kicked(*closing) == [1008, 1008]
        for person in (ben, ben_there):
            assert (await person.post(f"/rooms/{room}/messages", body="x")).status_code == 403
            assert await handshake(person, f"/rooms/{room}/socket") == 404
        assert (await ben.post(f"/rooms/{room}/leave")).status_code == 404


async def test_the_last_one_cannot_lock_a_private_room_for_ever(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Den", ada, ben, visibility="private")
        assert (await ada.post(f"/rooms/{room}/leave")).status_code == 303
        assert 'data-manages="yes"' in (await ben.get(f"/rooms/{room}")).text
        answer = await ben.post(f"/rooms/{room}/leave")
        assert answer.status_code == 403
        assert "Delete the room instead" in alert(answer.text)
        assert (await ben.get(f"/rooms/{room}")).status_code == 200


# Removing


async def test_who_is_removed_is_out_at_once_on_both_sites(site: Site, other_site: Site) -> None:
    async with (
        insiders(site, "Ada", "Ben", "Cleo") as (ada, ben, cleo),
        Person(other_site, "Ben") as ben_there,
    ):
        ben_there.http.cookies = ben.http.cookies
        room = await found_room(site, "Den", ada, ben, cleo, visibility="private")
        await ben.join(LOBBY)
        elsewhere, cleos = await ben.stream(LOBBY), await cleo.stream(room)
        assert (await ben_there.get(f"/rooms/{room}")).status_code == 200
        streams = [await ben.stream(room), await ben_there.stream(room)]
        closing = [asyncio.create_task(stream.until_closed()) for stream in streams]
        answer = await ada.post(f"/rooms/{room}/members/Ben/remove")
        assert answer.headers["location"] == f"/rooms/{room}/settings"
        assert await kicked(*closing) == [1008, 1008]
        await ada.say(room, "he is gone")
        await cleos.until_text("he is gone")
        await ben.say(LOBBY, "I am still here")
        await elsewhere.until_text("I am still here")
        for person in (ben, ben_there):
            assert (await person.get(f"/rooms/{room}")).status_code == 404
            assert (await person.post(f"/rooms/{room}/messages", body="x")).status_code == 404
            assert await handshake(person, f"/rooms/{room}/socket?after=c0-0") == 404
        for stream in streams:
            assert "he is gone" not in str(stream.frames)


async def test_a_creator_is_not_removed_and_an_absent_member_is_404(site: Site) -> None:
    async with insiders(site, "Ada", "Dan") as (ada, _):
        room = await ada.create_room("Garden")
        assert (await ada.post(f"/rooms/{room}/members/Ada/remove")).status_code == 403
        for name in ("Dan", "Eve", "%00", "[$ne]", "x" * 3_000):
            assert (await ada.post(f"/rooms/{room}/members/{name}/remove")).status_code == 404


async def test_nobody_slips_in_while_being_removed(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Den", ada, ben, visibility="private")
        for _ in range(5):
            opening = [asyncio.create_task(handshake(ben, f"/rooms/{room}/socket")) for _ in "1234"]
            removal = asyncio.create_task(ada.post(f"/rooms/{room}/members/Ben/remove"))
            assert set(await asyncio.gather(*opening)) <= {101, 404}
            assert (await removal).status_code == 303
            served = site.services
            async with asyncio.timeout(KICK_SECONDS):
                while served.realtime.hub.sockets:
                    await asyncio.sleep(0)
            link = await served.rooms.members.invite(room, await user_of(site, ada))
            await served.actions.members.accept(link.token, await user_of(site, ben))


# Invitations


async def test_an_invitation_leads_somebody_new_through_the_door_to_the_room(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,), Person(site, "Dan") as dan:
        room = await ada.create_room("Hiding place", "private")
        await ada.say(room, "inside words")
        link = await ada.invite(room)
        door = await dan.get(link)
        assert door.headers["location"] == f"/login?next={link}"
        login = (await dan.get(door.headers["location"])).text
        assert f'name="next" value="{link}"' in login
        assert f'href="/register?next={link}"' in login
        assert "Hiding place" not in login
        form = {"username": "Dan", "password": "correct horse battery", "next": link}
        assert (await dan.post("/register", False, **form)).headers["location"] == link
        page = (await dan.get(link)).text
        assert "Ada invites you to" in page
        assert "Hiding place" in page
        assert "inside words" not in page
        assert (await dan.get(f"/rooms/{room}")).status_code == 404
        assert (await dan.post(link)).headers["location"] == f"/rooms/{room}"
        assert "inside words" in (await dan.get(f"/rooms/{room}")).text
        assert (await dan.get(link)).headers["location"] == f"/rooms/{room}"
        assert (await dan.post(link)).status_code == 303
        assert len(await site.services.rooms.memberships.list_of(room)) == 2


async def test_a_revoked_invitation_is_closed(site: Site) -> None:
    async with insiders(site, "Ada", "Ben", "Dan") as (ada, ben, dan):
        room = await found_room(site, "Den", ada, ben, visibility="private")
        link = await ben.invite(room)
        assert (await dan.get(link)).status_code == 200
        token = (await site.services.rooms.invitations.list_of(room))[0].id
        answer = await ben.post(f"/rooms/{room}/invitations/{token}/revoke")
        assert answer.headers["location"] == f"/rooms/{room}/settings#invitations"
        for answer in (await dan.get(link), await dan.post(link)):
            assert answer.status_code == 404
        assert (await ben.post(f"/rooms/{room}/invitations/{token}/revoke")).status_code == 404


async def test_a_link_is_shown_once_and_listed_with_its_maker_and_its_end(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Den", ada, ben, visibility="private")
        answer = await ben.post(f"/rooms/{room}/invitations", days="30")
        assert re.search(r'value="http://localhost:\d+/join/[\w-]{32}"', answer.text)
        (made,) = await site.services.rooms.invitations.list_of(room)
        assert made.expires - made.created == timedelta(days=30)
        for person in (ada, ben):
            page = (await person.get(f"/rooms/{room}/settings")).text
            assert "/join/" not in page
            assert "made by Ben" in page
            assert f'datetime="{iso(made.expires)}"' in page
        for days in ("0", "91", "x"):
            answer = await ben.post(f"/rooms/{room}/invitations", days=days)
            assert answer.status_code == 422
            assert alert(answer.text)


async def test_an_invitation_is_revoked_by_its_maker_or_the_rooms(site: Site) -> None:
    async with insiders(site, "Ada", "Ben", "Cleo", "Dan") as (ada, ben, cleo, dan):
        room = await found_room(site, "Den", ada, ben, cleo, visibility="private")
        own = await dan.create_room("Elsewhere")
        token = (await ben.invite(room)).rpartition("/")[2]
        made = (await site.services.rooms.invitations.list_of(room))[0].id
        revoke = f"invitations/{made}/revoke"
        assert "Revoke" not in (await cleo.get(f"/rooms/{room}/settings")).text
        assert (await cleo.post(f"/rooms/{room}/{revoke}")).status_code == 404
        assert (await dan.post(f"/rooms/{room}/{revoke}")).status_code == 404
        assert (await dan.post(f"/rooms/{own}/{revoke}")).status_code == 404
        assert (await dan.get(f"/join/{token}")).status_code == 200
        assert (await ada.post(f"/rooms/{room}/{revoke}")).status_code == 303
        assert (await dan.get(f"/join/{token}")).status_code == 404


async def test_whoever_goes_takes_their_invitations_along(site: Site) -> None:
    async with insiders(site, "Ada", "Ben", "Cleo", "Dan") as (ada, ben, cleo, dan):
        room = await found_room(site, "Den", ada, ben, cleo, visibility="private")
        links = [await ben.invite(room)]
        await ada.post(f"/rooms/{room}/members/Ben/remove")
        links.append(await cleo.invite(room))
        await cleo.post(f"/rooms/{room}/leave")
        for link in links:
            for person in (ben, dan):
                assert (await person.post(link)).status_code == 404


async def test_tokens_cannot_be_guessed_and_making_them_is_bounded(site: Site) -> None:
    async with insiders(site, "Ada", "Dan") as (ada, dan):
        room = await ada.create_room("Den", "private")
        token = (await ada.invite(room)).rpartition("/")[2]
        assert re.fullmatch(r"[\w-]{32}", token)
        for guess in (token[:-1], token + "x", token.swapcase(), "", ".", "[$gt]", "x" * 64):
            assert (await dan.get(f"/join/{guess}")).status_code == 404
            assert (await dan.post(f"/join/{guess}")).status_code == 404
        for person, rule in ((ada, INVITE), (dan, JOIN)):
            user = await user_of(site, person)
            with contextlib.suppress(TooMany):
                while True:
                    await site.services.platform.rate_limits.hit(rule, user.id)
        for answer in (
            await dan.post(f"/join/{token}"),
            await dan.post(f"/rooms/{LOBBY}/join"),
            await ada.post(f"/rooms/{room}/invitations"),
        ):
            assert answer.status_code == 429
            assert "Try again in" in alert(answer.text)


# The Lobby


async def test_the_lobby_is_there_for_all_and_belongs_to_nobody(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        assert "Lobby" in (await ada.get(f"/rooms/{LOBBY}")).text
        for person in (ada, ben):
            await person.join(LOBBY)
            settings = (await person.get(f"/rooms/{LOBBY}/settings")).text
            assert "Delete" not in settings
            for path, form in (
                ("settings", {"name": "Mine"}),
                ("delete", {"confirmation": "Lobby"}),
                ("members/Ada/remove", {}),
            ):
                answer = await person.post(f"/rooms/{LOBBY}/{path}", False, **form)
                assert answer.status_code == 403, path
                assert alert(answer.text)
        for person in (ada, ben):
            assert (await person.post(f"/rooms/{LOBBY}/leave")).status_code == 303
        await ada.join(LOBBY)
        assert 'data-manages="no"' in (await ada.get(f"/rooms/{LOBBY}")).text
