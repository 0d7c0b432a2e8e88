"""Markup that is sent as text stays text in every page."""

import pytest

from littlechat.core.errors import Invalid
from littlechat.core.messages import Position
from littlechat.platform.database import now
from tests.attacks import (
    insiders,
    skeleton,
    user_of,
)
from tests.factories import PASSWORD, Site
from tests.xss_corpus import PAYLOADS


def packed(limit: int) -> list[str]:
    """Return the corpus in strings of at most `limit` characters, on one line each."""
    packs = [""]
    for payload in PAYLOADS:
        if len(packs[-1]) + len(payload) >= limit:
            packs.append("")
        packs[-1] += " " + payload
    return packs


async def test_no_payload_is_live_in_any_page(lenient: Site) -> None:
    async with insiders(lenient, "Ada", "Dan") as (ada, dan):
        served = lenient.services
        room = await ada.create_room("Plain")
        await ada.say(room, "plain")
        await served.rooms.store.touch(room, Position(1), now())  # At once, since lists show when.
        link = await ada.invite(room)
        mine = (f"/rooms/{room}", f"/rooms/{room}/settings", f"/rooms/{room}/messages/1/edit")
        his = ("/rooms", f"/rooms/{room}", link, f"/rooms?here={room}&view=sidebar")

        async def pages() -> list[list[object]]:
            shown = [(await ada.get(path)).text for path in mine]
            shown += [(await dan.get(path)).text for path in his]
            shown += [(await ada.get(path, htmx=True)).text for path in ("/rooms", mine[2])]
            refused = await ada.post(f"/rooms/{room}/settings", name="", description=described)
            repeated = await ada.post("/rooms", name=name, description=described)
            return [*map(skeleton, shown), skeleton(refused.text), skeleton(repeated.text)]

        name, described = "Plain", "plain"
        stored, by = await served.rooms.store.get(room), await user_of(lenient, ada)
        await served.actions.rooms.describe(stored, name, described, by)
        plain = await pages()
        names = [payload for payload in PAYLOADS if len(payload) <= 60 and payload.strip()]
        for number, described in enumerate(packed(300)):
            for name in names[number::40][:1]:
                await served.actions.rooms.describe(stored, name, described, by)
                assert await pages() == plain, (name, described)


async def test_no_payload_is_live_where_a_form_repeats_it(lenient: Site) -> None:
    async with insiders(lenient, "Ada", "nobody") as (ada, nobody):
        room = await ada.create_room("Garden")

        async def pages(typed: str) -> list[list[object]]:
            form = {"username": typed, "next": typed}
            return [
                skeleton((await nobody.post("/register", False, **form, password="x")).text),
                skeleton((await nobody.post("/login", False, **form, password="wrong")).text),
                skeleton((await nobody.http.get("/login", params={"next": typed})).text),
                skeleton((await ada.http.get("/rooms", params={"search": typed})).text),
                skeleton((await ada.post("/rooms", name=typed * 9, description=typed)).text),
                skeleton(
                    (await ada.post(f"/rooms/{room}/messages", body=typed + "x" * 8_000)).text
                ),
            ]

        plain = await pages("y" * 61)
        for typed in packed(2_000):
            assert await pages(typed) == plain, typed


async def test_no_payload_is_a_username(lenient: Site) -> None:
    accounts = lenient.services.accounts
    for payload in PAYLOADS:
        with pytest.raises(Invalid) as refused:
            await accounts.users.register(payload, PASSWORD)
        assert set(refused.value.errors) == {"username"}, payload
