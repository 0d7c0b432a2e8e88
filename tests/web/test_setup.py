"""The first page of an installation: one administrator, a name, who may register, an invitation."""

import asyncio
import json
import re

import pytest

from littlechat.accounts.schema import SETTINGS, USERS
from littlechat.platform.database import Database
from tests.attacks import alert
from tests.factories import PASSWORD, Person, Site
from tests.tabs import until

FORM = {"installation": "Greenhouse", "username": "Ada", "password": PASSWORD}


async def test_strangers_are_led_to_the_first_page_until_there_is_an_account(site: Site) -> None:
    async with Person(site, "Ada") as ada, Person(site, "nobody") as nobody:
        assert (await nobody.get("/")).headers["location"] == "/setup"
        assert "/setup" in (await nobody.get("/login")).text
        assert "administers the installation" in (await nobody.get("/register")).text
        page = (await nobody.get("/setup")).text
        assert "Nobody has an account here yet" in page
        await ada.http.post("/setup", data={**FORM, "mode": "open"})
        assert (await nobody.get("/")).headers["location"] == "/login"
        assert (await nobody.get("/setup")).status_code == 303
        assert "/setup" not in (await nobody.get("/login")).text


@pytest.mark.parametrize("mode", ["open", "invitation", "closed"])
async def test_first_page_makes_the_administrator_and_ends_in_the_lobby(
    site: Site, mode: str
) -> None:
    async with Person(site, "Ada") as ada, Person(site, "Ben") as ben:
        answer = await ada.http.post("/setup", data={**FORM, "mode": mode})
        assert answer.status_code == 303
        assert answer.headers["location"] == "/rooms/lobby?welcome=1"
        lobby = (await ada.get("/rooms/lobby?welcome=1")).text
        assert "<title>Lobby · Greenhouse</title>" in lobby
        assert "Greenhouse is ready" in lobby
        assert (await ada.get("/admin")).status_code == 200
        assert await site.services.accounts.registration.mode() == mode
        link = re.search(f'value="{ada.url}(/register[^"]*)"', lobby)
        assert bool(link) == (mode != "closed")
        path = link[1] if link else "/register"
        token = path.partition("invitation=")[2]
        assert bool(token) == (mode == "invitation")
        form = {"username": "Ben", "password": PASSWORD, "invitation": token}
        answer = await ben.http.post("/register", data=form)
        assert answer.status_code == (403 if mode == "closed" else 303)
        if mode != "closed":
            # The link is the administrator's to hand out, not everybody's to see.
            await ben.join("lobby")
            assert "invite-link" not in (await ben.get("/rooms/lobby?welcome=1")).text


async def test_of_two_at_once_one_wins_and_the_other_is_told(
    site: Site, other_site: Site, db: Database
) -> None:
    async with Person(site, "Ada") as ada, Person(other_site, "Ben") as ben:
        forms = {**FORM, "mode": "open"}
        answers = await asyncio.gather(
            ada.http.post("/setup", data=forms),
            ben.http.post("/setup", data={**forms, "username": "Ben"}),
        )
    assert sorted(one.status_code for one in answers) == [303, 409]
    told = next(one for one in answers if one.status_code == 409)
    assert "Somebody was faster" in alert(told.text)
    assert "set-cookie" not in told.headers
    users = await db[USERS].find({})
    assert [one["standing"] for one in users] == ["admin"]


async def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_made(
    site: Site, db: Database
) -> None:
    async with Person(site, "Ada") as ada:
        wrong = {"installation": "x" * 41, "username": "A", "password": "short", "mode": "nobody"}
        for name, value in wrong.items():
            answer = await ada.http.post("/setup", data={**FORM, "mode": "open", name: value})
            assert answer.status_code == 422, name
            assert alert(answer.text)
            assert answer.text.count('role="alert"') == 1
    assert await db[USERS].find({}) == []
    called = {"_id": "installation", "name": {"$ne": "littlechat"}}
    assert await db[SETTINGS].find(called) == []


async def test_first_to_register_still_administers(site: Site) -> None:
    async with Person(site, "Ada") as ada:
        await ada.register()
        assert (await ada.get("/admin")).status_code == 200
        assert await site.services.accounts.registration.mode() == "open"


async def test_name_is_shown_everywhere_in_every_process(site: Site, other_site: Site) -> None:
    async with Person(site, "Ada") as ada, Person(other_site, "nobody") as nobody:
        await ada.register()
        answer = await ada.post("/admin/installation", installation="  <b>Green</b>  & Co ")
        assert answer.status_code == 303
        name = "<b>Green</b> & Co"
        await until(lambda: other_site.services.accounts.installation.name == name)
        manifest = json.loads((await nobody.get("/manifest.webmanifest")).text)
        assert (manifest["name"], manifest["short_name"]) == (name, name)
        shown = "&lt;b&gt;Green&lt;/b&gt; &amp; Co"
        for path in ("/login", "/register", "/offline", "/nowhere"):
            page = (await nobody.get(path)).text
            assert f"· {shown}</title>" in page, path
        assert f"<bdi>{shown}</bdi>" in (await ada.get("/rooms")).text
        assert (await ada.post("/admin/installation", installation="x" * 41)).status_code == 422
        assert (await nobody.post("/admin/installation", installation="Mine")).status_code != 303
        await ada.post("/admin/installation", installation="")
        assert site.services.accounts.installation.name == "littlechat"
