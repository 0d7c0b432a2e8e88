"""One's own account: what is saved, what is refused with nothing lost, pictures of every kind."""

import pytest

from littlechat.accounts.schema import AVATARS
from littlechat.web.account import CHOOSE
from tests.attacks import COOKIE, alert, insiders, user_of
from tests.factories import PASSWORD, Person, Site
from tests.pictures import bomb, opened, picture


async def test_a_profile_is_saved_and_shown_in_its_form(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        form = {"display": " Ada  Lovelace ", "bio": "<b>I</b> count.", "zone": "Europe/London"}
        answer = await ada.post("/account/profile", False, **form)
        assert answer.headers["location"] == "/account?done=profile"
        page = (await ada.get("/account?done=profile")).text
        assert "What others see of you is saved." in page
        assert 'value="Ada Lovelace"' in page
        assert "&lt;b&gt;I&lt;/b&gt; count." in page
        assert "<option selected>Europe/London</option>" in page
        assert "What others" in (await ada.get("/account?done=<script>")).text


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("display", "x" * 49),
        ("display", "Ada\u202e"),
        ("display", "BEN"),
        ("bio", "x" * 501),
        ("zone", "Mars/Base"),
    ],
)
async def test_what_is_refused_is_said_at_its_field_and_nothing_is_lost(
    site: Site, field: str, wrong: str
) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, _):
        form = {"display": "Ada L.", "bio": "My words.", "zone": "Asia/Tokyo", field: wrong}
        answer = await ada.post("/account/profile", False, **form)
        assert answer.status_code == 422
        assert answer.text.count('role="alert"') == 1
        assert f'id="{field}-error" role="alert"' in answer.text
        kept = {"display": "Ada L.", "bio": "My words.", "zone": "Asia/Tokyo"}
        for name in kept.keys() - {field}:
            assert kept[name] in answer.text
        assert (await site.services.accounts.profiles.get("Ada")).bio == ""


async def test_a_status_is_set_and_ended(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        await ada.post("/account/status", status="At lunch", hours="1")
        assert 'value="At lunch"' in (await ada.get("/account")).text
        await ada.post("/account/status", status="", hours="")
        assert (await site.services.accounts.profiles.get("Ada")).status.text == ""
        answer = await ada.post("/account/status", status="x" * 101)
        assert answer.status_code == 422
        assert 'value="' + "x" * 101 in answer.text


async def upload(person: Person, data: bytes, name: str = "me.png") -> "tuple[int, str]":
    answer = await person.http.post("/account/avatar", files={"file": (name, data, "image/png")})
    return answer.status_code, alert(answer.text)


async def test_a_picture_becomes_a_small_square_without_its_metadata(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        for kind, size in (("JPEG", (900, 500)), ("PNG", (300, 700)), ("WEBP", (40, 20))):
            secret = "where Ada lives" if kind == "JPEG" else ""
            assert await upload(ada, picture(kind, size, maker=secret)) == (303, "")
            digest = (await site.services.accounts.profiles.get("Ada")).avatar
            data, media, _ = await site.services.accounts.profiles.avatars.get(digest)
            assert media == "image/webp"
            assert b"where Ada lives" not in data
            assert opened(data).size == (min(256, *size),) * 2
        assert await site.services.platform.database[AVATARS].count({}) == 1


async def test_what_is_no_picture_is_refused_with_a_sentence(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        for data in (b"<svg onload=alert(1)>", b"GIF89a", bomb(), b"\0" * 200_000):
            status, sentence = await upload(ada, data)
            assert status == 422
            assert sentence
        assert await upload(ada, b"") == (422, CHOOSE)
        answer = await ada.post("/account/avatar", file="not a file")
        assert (answer.status_code, alert(answer.text)) == (422, CHOOSE)
        assert (await site.services.accounts.profiles.get("Ada")).avatar == ""


async def test_a_new_password_ends_the_links_that_would_set_another(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        owner = await user_of(site, ben)
        link = await site.services.accounts.registration.make_password_link(
            owner, await user_of(site, ada)
        )
        form = {"current": PASSWORD, "password": "another good password"}
        assert (await ben.post("/account/password", False, **form)).status_code == 200
        assert (await ada.get(f"/reset/{link}")).status_code == 404


async def test_a_new_password_gives_this_browser_a_new_token_and_ends_the_old_one(
    site: Site,
) -> None:
    async with insiders(site, "Ada") as (ada,), Person(site, "thief") as thief:
        thief.http.cookies.set(COOKIE, ada.http.cookies[COOKIE], domain="localhost.local")
        assert (await thief.get("/account")).status_code == 200
        form = {"current": PASSWORD, "password": "another good password"}
        answer = await ada.post("/account/password", False, **form)
        cookie = answer.headers["set-cookie"].partition(";")[0]
        assert cookie.startswith(f"{COOKIE}=")
        assert cookie.partition("=")[2] != thief.http.cookies[COOKIE]
        assert '<span class="tag">this one</span>' in answer.text
        assert (await thief.get("/account")).status_code == 303
        headers = {"Cookie": cookie}
        ada.http.cookies.clear()
        assert (await ada.http.get("/account", headers=headers)).status_code == 200
