"""The way in and out: statuses, what a form keeps, and what attackers try."""

import asyncio
import re
from contextlib import AsyncExitStack
from datetime import timedelta

import httpx
import pytest
from argon2 import PasswordHasher
from itsdangerous import URLSafeTimedSerializer

from littlechat.accounts.schema import SESSIONS, USERS
from littlechat.accounts.sessions import SESSION_LIFE
from littlechat.platform.configuration import Settings
from littlechat.platform.database import Database, now
from littlechat.platform.facade import HASHES_AT_ONCE
from littlechat.platform.fair_queue import FairQueue
from littlechat.platform.login_limits import ADDRESS_TIERS, PAIR_TIERS
from littlechat.platform.rate_limits import LOGIN_RATE
from littlechat.platform.rate_limits import PASSWORD as RULE
from littlechat.server import session_cookie
from littlechat.web.auth import WRONG_LOGIN
from tests.attacks import COOKIE, alert, found_room, handshake, insider, insiders, signed, user_of
from tests.factories import KICK_SECONDS, PASSWORD, WAIT_SECONDS, Person, Site, another


def field(page: str, name: str) -> str:
    """Return one input's tag."""
    found = re.search(rf'<input id="{name}"[^>]*>', page)
    assert found
    return found[0]


async def kicked(*streams: "asyncio.Future[int] | asyncio.Task[int]") -> list[int]:
    async with asyncio.timeout(KICK_SECONDS):
        return list(await asyncio.gather(*streams))


# Registering


async def test_registering_signs_in_and_leads_on(site: Site) -> None:
    async with Person(site, "Ada") as ada:
        page = (await ada.get("/register?next=/rooms/lobby")).text
        assert 'name="next" value="/rooms/lobby"' in page
        form = {"username": " Ada ", "password": PASSWORD, "next": "/rooms/lobby"}
        answer = await ada.post("/register", False, **form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/rooms/lobby")
        assert (await ada.get("/register")).headers["location"] == "/rooms"
        assert 'data-me="Ada"' in (await ada.get("/rooms")).text


async def test_a_name_taken_however_cased_is_409_and_kept(site: Site) -> None:
    async with insiders(site, "Ada", "nobody") as (_, nobody):
        for name in ("Ada", "ada", "ADA", "Ａｄａ"):
            answer = await nobody.post("/register", username=name, password=PASSWORD)
            assert answer.status_code == 409
            assert alert(answer.text).startswith("This name is taken, or looks like")
            wrong = field(answer.text, "username")
            assert f'value="{name}"' in wrong
            assert 'aria-invalid="true" aria-describedby="username-error"' in wrong
            assert PASSWORD not in answer.text
            assert not nobody.cookies()


async def test_what_is_wrong_is_said_beside_its_field(site: Site) -> None:
    async with Person(site, "nobody") as nobody:
        for username, password, wrong in (
            ("x", PASSWORD, ["username"]),
            ("a b", PASSWORD, ["username"]),
            ("<b>", PASSWORD, ["username"]),
            ("x" * 33, PASSWORD, ["username"]),
            ("Ada\u202e", PASSWORD, ["username"]),
            ("Ada", "short", ["password"]),
            ("Ada", "x" * 1_025, ["password"]),
            ("Ada", "password1", ["password"]),
            ("Ada-the-first", "ADA-THE-FIRST", ["password"]),
            ("", "", ["username", "password"]),
        ):
            answer = await nobody.post("/register", username=username, password=password)
            assert answer.status_code == 422
            for name in ("username", "password"):
                faulty = name in wrong
                assert ("aria-invalid" in field(answer.text, name)) == faulty
                assert (f'id="{name}-error" role="alert"' in answer.text) == faulty
                assert not faulty or " autofocus" in field(answer.text, name)
            assert 'value=""' in field(answer.text, "password")
            assert len(password) < 8 or f'"{password}"' not in answer.text


async def test_a_password_is_never_cut(site: Site) -> None:
    long = "pass phrase " * 85
    async with Person(site, "Ada") as ada:
        answer = await ada.post("/register", username="Ada", password=long)
        assert answer.status_code == 303
        assert (await ada.post("/login", username="Ada", password=long[:-1])).status_code == 401
        assert (await ada.post("/login", username="Ada", password=long)).status_code == 303


async def test_two_who_register_one_name_at_once_are_one(site: Site) -> None:
    people = [Person(site, "Ada") for _ in range(4)]
    answers = await asyncio.gather(
        *(one.post("/register", username="Ada", password=PASSWORD) for one in people)
    )
    assert sorted(answer.status_code for answer in answers) == [303, 409, 409, 409]
    for one in people:
        await one.http.aclose()


async def test_asking_which_names_are_taken_is_bounded(site: Site) -> None:
    async with insiders(site, "Ada", "nobody") as (_, nobody):
        allowed = LOGIN_RATE.item.amount
        for _ in range(allowed - 1):
            await site.services.platform.rate_limits.hit(LOGIN_RATE, "127.0.0.1")
        answer = await nobody.post("/register", username="Ada", password=PASSWORD)
        assert answer.status_code == 409
        answer = await nobody.post("/register", username="Ada", password=PASSWORD)
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["retry-after"]) <= 60


# Logging in


async def test_a_right_login_opens_a_session_however_the_name_is_cased(site: Site) -> None:
    async with insiders(site, "Ada", "nobody") as (_, nobody):
        answer = await nobody.post("/login", username=" aDA ", password=PASSWORD)
        assert (answer.status_code, answer.headers["location"]) == (303, "/rooms")
        assert (await nobody.get("/login?next=/account")).headers["location"] == "/account"
        answer = await nobody.post("/login", htmx=True, username="Ada", password=PASSWORD)
        assert (answer.status_code, answer.headers["hx-redirect"]) == (200, "/rooms")


async def test_wrong_names_and_wrong_passwords_look_the_same(site: Site) -> None:
    async with insiders(site, "Ada", "nobody") as (_, nobody):
        pages = []
        for username, password in (
            ("Ada", "wrong words"),
            ("Eve", PASSWORD),
            ("Ada", ""),
            ("", ""),
            ("Ada", "x" * 5_000),
            ("E" * 600, PASSWORD),
        ):
            answer = await nobody.post("/login", username=username, password=password)
            assert answer.status_code == 401
            assert alert(answer.text) == WRONG_LOGIN
            assert f'value="{username}"' in field(answer.text, "username")
            assert 'value=""' in field(answer.text, "password")
            focused = "password" if username else "username"
            assert " autofocus" in field(answer.text, focused)
            pages.append(answer.text.replace(f'value="{username}"', ""))
        assert len({page for page in pages if "autofocus" not in field(page, "username")}) == 1


@pytest.mark.usefixtures("real_hashes")
async def test_an_unknown_name_costs_the_same_hash(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs = []
    verify = PasswordHasher.verify

    def watched(self: PasswordHasher, digest: str, password: str) -> bool:
        costs.append(digest.rpartition("$")[0].rpartition("$")[0])
        return verify(self, digest, password)

    async with Person(site, "Ada") as ada:
        await ada.register()
        monkeypatch.setattr(PasswordHasher, "verify", watched)
        for username in ("Ada", "Eve", "", "x" * 10_000):
            await ada.post("/login", username=username, password="wrong words")
        assert costs == ["$argon2id$v=19$m=32768,t=3,p=1"] * 4


@pytest.mark.usefixtures("real_hashes")
async def test_a_weak_digest_is_made_anew_at_login(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        weak = await site.services.platform.database[USERS].find_one({"key": "ada"})
        await ada.log_in()
        strong = await site.services.platform.database[USERS].find_one({"key": "ada"})
        assert weak
        assert strong
        assert "m=8," in weak["password"]
        assert "m=32768,t=3" in strong["password"]
        await ada.log_in()


# Throttling


async def test_guessing_one_name_is_throttled_here_and_not_elsewhere(site: Site) -> None:
    async with insiders(site, "Ada", "Ben", "nobody") as (_, _, nobody):
        for _ in range(PAIR_TIERS[0].amount):
            answer = await nobody.post("/login", username="Ada", password="wrong words")
            assert answer.status_code == 401
        for username in ("Ada", "ADA", " ada", "Ａda"):
            answer = await nobody.post("/login", username=username, password=PASSWORD)
            assert answer.status_code == 429
            assert 1 <= int(answer.headers["retry-after"]) <= 60
            assert "Try again in" in alert(answer.text)
        assert (await nobody.post("/login", username="Ben", password=PASSWORD)).status_code == 303
        elsewhere = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
        async with httpx.AsyncClient(base_url=site.url, transport=elsewhere) as client:
            form = {"username": "Ada", "password": PASSWORD}
            assert (await client.post("/login", data=form)).status_code == 303


async def test_a_known_device_passes_by_what_others_did_at_its_address(site: Site) -> None:
    async with insiders(site, "Ada", "Eve", "nobody") as (ada, eve, nobody):
        for known in (ada, eve):
            await known.log_in()
            await known.post("/logout")
        for number in range(ADDRESS_TIERS[0].amount):
            await site.services.platform.login_limits.count(f"name{number}", "127.0.0.1", "")
        form = {"username": "Ada", "password": PASSWORD}
        for stranger in (nobody, eve):  # A device is known for its own accounts alone.
            assert (await stranger.post("/login", False, **form)).status_code == 429
        assert (await ada.post("/login", False, **form)).status_code == 303


async def test_a_throttled_name_that_nobody_has_looks_like_one_that_somebody_has(
    site: Site,
) -> None:
    async with insiders(site, "Ada", "nobody") as (_, nobody):
        pages = set()
        for name in ("Ada", "Eve"):
            for _ in range(PAIR_TIERS[0].amount):
                await site.services.platform.login_limits.count(name.lower(), "127.0.0.1", "")
            answer = await nobody.post("/login", username=name, password="wrong words")
            assert answer.status_code == 429
            pages.add(re.sub(r"in \d+ seconds", "", alert(answer.text)))
        assert len(pages) == 1


async def test_guessing_many_names_is_throttled_by_address(site: Site) -> None:
    async with insiders(site, "Ada", "nobody") as (_, nobody):
        limits = site.services.platform.login_limits
        for number in range(ADDRESS_TIERS[0].amount):
            await limits.count(f"name{number}", "127.0.0.1", "")
        form = {"username": "Eve", "password": "wrong words"}
        for header in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Remote-Addr"):
            claimed = await nobody.http.post("/login", data=form, headers={header: "192.0.2.1"})
            assert claimed.status_code == 429


async def test_a_right_login_clears_what_its_owner_mistyped(site: Site) -> None:
    async with insiders(site, "Ada", "nobody") as (_, nobody):
        for _ in range(2):
            for _ in range(PAIR_TIERS[0].amount - 1):
                await site.services.platform.login_limits.count("ada", "127.0.0.1", "")
            answer = await nobody.post("/login", username="Ada", password=PASSWORD)
            assert answer.status_code == 303
            nobody.http.cookies.clear()


async def taken_once(hashing: FairQueue) -> None:
    async with hashing.take("someone"):
        pass


async def test_a_full_queue_of_passwords_is_a_sentence(site: Site) -> None:
    async with insiders(site, "Ada", "nobody") as (_, nobody), AsyncExitStack() as taken:
        hashing = site.services.platform.hashing
        for _ in range(HASHES_AT_ONCE):
            await taken.enter_async_context(hashing.take("others"))
        hashing._waiting_max = 1
        waiting = asyncio.create_task(taken_once(hashing))
        await asyncio.sleep(0)
        answer = await nobody.post("/login", username="Ada", password=PASSWORD)
        waiting.cancel()
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 1
        assert alert(answer.text).startswith("Very many people are logging in just now.")


# Cookies


async def test_a_login_never_keeps_the_session_that_came_with_it(site: Site) -> None:
    async with insiders(site, "Mallory", "Ada") as (mallory, ada):
        planted = mallory.http.cookies[COOKIE]
        async with Person(site, "Ada") as victim:
            victim.http.cookies.set(COOKIE, planted, domain="localhost.local")
            await victim.log_in()
            assert victim.http.cookies[COOKIE] != planted
            assert 'data-me="Ada"' in (await victim.get("/rooms")).text
        # What was planted is nobody's now: it was ended, not taken over.
        assert (await mallory.get("/rooms")).status_code == 303
        assert (await ada.get("/rooms")).status_code == 200


async def test_forged_and_spoiled_cookies_are_nobodys(site: Site) -> None:
    async with insiders(site, "Ada", "nobody") as (ada, nobody):
        good = ada.http.cookies[COOKIE]
        payload, stamp, signature = good.rsplit(".", 2)
        session = (await site.services.platform.database[SESSIONS].find({}))[0]
        token, _ = await site.services.accounts.sessions.open(await user_of(site, ada), "", "")
        other_key = URLSafeTimedSerializer("another key of some length", "quart auth salt")
        other_salt = URLSafeTimedSerializer(site.app.secret_key or "", "another salt")
        for forged in (
            "",
            "x",
            good[:-1],
            good + "x",
            good.swapcase(),
            f"{payload}x.{stamp}.{signature}",
            f"{payload}.{stamp}x.{signature}",
            f"{payload}.{stamp}.",
            f"{payload}..{signature}",
            str(other_key.dumps(token)),
            str(other_salt.dumps(token)),
            token,
            signed(site, str(session["_id"])),  # The digest is no token.
            signed(site, token[:-1]),
            signed(site, ""),
            signed(site, "x" * 3_000),
            signed(site, "\x00"),
        ):
            nobody.http.cookies.set(COOKIE, forged, domain="localhost.local")
            assert (await nobody.get("/rooms")).status_code == 303, forged
            assert await handshake(nobody, "/socket") == 401
        nobody.http.cookies.set(COOKIE, good, domain="localhost.local")
        assert (await nobody.get("/rooms")).status_code == 200


async def test_a_session_unused_for_its_life_is_over(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        sessions = site.services.platform.database[SESSIONS]
        old = now() - SESSION_LIFE + timedelta(minutes=1)
        await sessions.update({}, {"$set": {"seen": old, "expires": now() + timedelta(minutes=1)}})
        assert (await ada.get("/rooms")).status_code == 200
        stored = (await sessions.find({}))[0]
        assert stored["expires"] > now() + SESSION_LIFE - timedelta(minutes=1)
        await sessions.update({}, {"$set": {"expires": now() - timedelta(seconds=1)}})
        site.services.rooms.access.invalidate()
        answer = await ada.get("/account")
        assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/account")


async def test_only_the_digest_of_a_token_is_stored(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        await ada.log_in()
        token = URLSafeTimedSerializer("x").loads_unsafe(ada.http.cookies[COOKIE])[1]
        for collection in (SESSIONS, USERS):
            stored = str(await site.services.platform.database[collection].find({}))
            assert str(token) not in stored
            assert PASSWORD not in stored


# Logging out


async def test_logging_out_ends_the_session_on_both_sites(site: Site, other_site: Site) -> None:
    async with insiders(site, "Ada") as (ada,), Person(other_site, "Ada") as ada_there:
        ada_there.http.cookies = ada.http.cookies
        room = await ada.create_room("Garden")
        assert (await ada_there.get(f"/rooms/{room}")).status_code == 200
        streams = [await ada.stream(room), await ada_there.stream(room)]
        closing = [asyncio.create_task(stream.until_closed()) for stream in streams]
        cookie = ada.http.cookies[COOKIE]
        answer = await ada.post("/logout")
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        assert answer.headers["clear-site-data"] == '"storage"'
        assert "Max-Age=0" in answer.headers["set-cookie"]
        assert await kicked(*closing) == [1008, 1008]
        for person in (ada, ada_there):
            person.http.cookies.set(COOKIE, cookie, domain="localhost.local")
            assert (await person.get("/rooms")).status_code == 303
            assert (await person.post("/rooms", name="x")).status_code == 401
            assert await handshake(person, f"/rooms/{room}/socket") == 401


async def test_logging_out_twice_is_as_good(site: Site) -> None:
    async with insiders(site, "Ada", "nobody") as (ada, nobody):
        for person in (ada, ada, nobody):
            assert (await person.post("/logout")).headers["location"] == "/login"
        answer = await nobody.post("/logout", htmx=True)
        assert answer.headers["hx-redirect"] == "/login"


# Sessions and passwords


async def test_the_account_page_names_every_session(site: Site) -> None:
    agent = "Mozilla/5.0 (X11; Linux) Firefox/130 <script>alert(1)</script>"
    async with insiders(site, "Ada") as (ada,), Person(site, "Ada") as phone:
        phone.http.headers["User-Agent"] = agent
        await phone.log_in()
        page = (await ada.get("/account")).text
        assert "Firefox on Linux" in page
        assert page.count("/end") == 3
        assert page.count("this one") == 1
        assert "<script>alert" not in page


async def test_ending_a_session_closes_it_and_only_it(site: Site, other_site: Site) -> None:
    async with insiders(site, "Ada") as (ada,), Person(other_site, "Ada") as phone:
        await phone.log_in()
        room = await ada.create_room("Garden")
        mine, phones = await ada.stream(room), await phone.stream(room)
        closing = asyncio.create_task(phones.until_closed())
        page = (await ada.get("/account")).text
        own = re.search(r"this one.*?sessions/(\w+)/end", page, re.DOTALL)
        assert own
        (other,) = set(re.findall(r"sessions/(\w+)/end", page)) - {own[1]}
        answer = await ada.post(f"/account/sessions/{other}/end")
        assert answer.headers["location"] == "/account"
        assert await kicked(closing) == [1008]
        assert (await phone.get("/rooms")).status_code == 303
        await ada.say(room, "still here")
        await mine.until_text("still here")
        assert (await ada.post(f"/account/sessions/{other}/end")).status_code == 404
        answer = await ada.post(f"/account/sessions/{own[1]}/end")
        assert answer.headers["location"] == "/login"
        assert await mine.until_closed() == 1008


async def test_ending_the_others_leaves_this_one(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben), Person(site, "Ada") as phone:
        await phone.log_in()
        await phone.join("lobby")
        closing = asyncio.create_task((await phone.stream("lobby")).until_closed())
        assert (await ada.post("/account/sessions/end")).status_code == 303
        assert await kicked(closing) == [1008]
        assert (await phone.get("/rooms")).status_code == 303
        assert (await ada.get("/rooms")).status_code == 200
        assert (await ben.get("/rooms")).status_code == 200
        assert "everywhere else" not in (await ada.get("/account")).text


async def test_nobody_ends_anothers_session(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        for session in await site.services.accounts.sessions.list_of(await user_of(site, ada)):
            assert (await ben.post(f"/account/sessions/{session.id}/end")).status_code == 404
        await ben.post("/account/sessions/end")
        assert (await ada.get("/rooms")).status_code == 200


async def test_a_new_password_closes_the_others_sockets_everywhere(
    site: Site, other_site: Site
) -> None:
    async with (
        insiders(site, "Ada") as (ada,),
        Person(site, "Ada") as phone,
        Person(other_site, "Ada") as laptop,
    ):
        await phone.log_in()
        await laptop.log_in()
        room = await found_room(site, "Garden", ada)
        mine = await ada.stream(room)
        streams = [await phone.stream(room), await laptop.stream(room)]
        closing = [asyncio.create_task(stream.until_closed()) for stream in streams]
        answer = await ada.post("/account/password", current=PASSWORD, password="another one now")
        assert answer.status_code == 200
        assert await kicked(*closing) == [1008, 1008]
        for person in (phone, laptop):
            assert (await person.get("/rooms")).status_code == 303
            assert await handshake(person, f"/rooms/{room}/socket") == 401
        # Her own page comes back with the new cookie; whoever has the old one does not.
        assert await mine.until_closed() == 1012
        mine = await ada.stream(room)
        await ada.say(room, "still here")
        await mine.until_text("still here")
        assert (await phone.post("/login", username="Ada", password=PASSWORD)).status_code == 401
        answer = await phone.post("/login", username="Ada", password="another one now")
        assert answer.status_code == 303


async def test_a_new_password_needs_the_old_one_and_to_be_good(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        for current, new, wrong in (
            ("wrong words", "another one now", "current"),
            ("", "another one now", "current"),
            (PASSWORD, "short", "password"),
            (PASSWORD, "password1", "password"),
        ):
            answer = await ada.post("/account/password", current=current, password=new)
            assert answer.status_code == 422
            assert "aria-invalid" in field(answer.text, wrong)
            for typed in (current, new):
                assert not typed or f'"{typed}"' not in answer.text
        for _ in range(RULE.item.amount - 4):
            await site.services.platform.rate_limits.hit(RULE, (await user_of(site, ada)).id)
        answer = await ada.post("/account/password", current="wrong", password="another one now")
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0


async def test_a_person_has_at_most_fifty_sessions(site: Site) -> None:
    ada = await insider(site, "Ada")
    async with ada:
        user = await user_of(site, ada)
        async with asyncio.timeout(WAIT_SECONDS):
            for _ in range(51):
                await site.services.accounts.sessions.open(user, "", "")
        assert len(await site.services.accounts.sessions.list_of(user)) == 50


async def test_a_login_lasts_as_long_as_its_session_and_is_renewed_by_visits(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    lasting = f"Max-Age={int(SESSION_LIFE.total_seconds())}"
    form = {"username": "Ada", "password": PASSWORD}
    setup = {**form, "username": "Eve", "mode": "open", "installation": ""}
    async with Person(site, "Ada") as ada, Person(site, "Ada") as again:
        first = await ada.http.post("/setup", data=setup)
        registered = await ada.http.post("/register", data=form)
        logged_in = await again.http.post("/login", data=form)
        for answer in (first, registered, logged_in):
            assert lasting in answer.headers.get_list("set-cookie")[-1].split("; ")
        assert "set-cookie" not in (await ada.get("/rooms")).headers
        monkeypatch.setattr(session_cookie, "RENEWED_AFTER_SECONDS", 0)
        renewed = (await ada.get("/rooms")).headers["set-cookie"]
        assert renewed.startswith(f"{COOKIE}=")
        assert {lasting, "HttpOnly", "SameSite=Lax", "Path=/"} <= set(renewed.split("; "))
        # Not that of somebody who is signed out, or logs out.
        ended = (await ada.post("/logout")).headers.get_list("set-cookie")
        assert "Max-Age=0" in ended[-1]
        assert "set-cookie" not in (await again.http.get("/login", headers={"Cookie": ""})).headers


@pytest.mark.filterwarnings("ignore:Secure cookies will be ignored")
async def test_over_https_a_cookie_without_the_prefix_is_nobodys(
    db: Database, settings: Settings
) -> None:
    chat = {"Host": "chat.example"}
    async with (
        another(settings, allowed_hosts=("chat.example",)) as site,
        Person(site, "Ada") as ada,
    ):
        await ada.register()
        cookie = f"littlechat={ada.http.cookies['littlechat']}"
        planted = await ada.http.get("/rooms", headers={**chat, "Cookie": cookie})
        assert planted.headers["location"].startswith("/login")
        own = await ada.http.get("/rooms", headers={**chat, "Cookie": f"__Host-{cookie}"})
        assert own.status_code == 200
