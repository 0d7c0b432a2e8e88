"""A name that somebody else bound to our address is not served, and no header is in a link."""

import re
from collections.abc import Awaitable, Callable

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from littlechat.accounts.schema import SETTINGS, USERS
from littlechat.accounts.setup_token import setup_token
from littlechat.platform.configuration import Settings
from littlechat.platform.database import Database
from tests.attacks import alert, handshake
from tests.factories import PASSWORD, SECRET_KEY, Person, Site, another

EVIL = {"Host": "evil.example", "Origin": "http://evil.example"}
CHAT = "chat.example"
BY_CHAT = {"Host": CHAT, "Origin": f"https://{CHAT}"}
TOKEN = {"token": setup_token(SECRET_KEY)}
FORM = {"installation": "", "username": "Ada", "password": PASSWORD, "mode": "open"}

pytestmark = pytest.mark.filterwarnings("ignore:Secure cookies will be ignored")


async def test_a_page_on_a_name_bound_to_our_address_registers_nobody_and_reads_nothing(
    site: Site, db: Database
) -> None:
    async with Person(site, "Ada") as ada, Person(site, "nobody") as nobody:
        for path in ("/", "/setup", "/register", "/login", "/nothing", "/metrics"):
            answer = await nobody.http.get(path, headers=EVIL)
            assert answer.status_code == 421, path
            assert "does not answer to the name “evil.example”" in alert(answer.text)
        for path in ("/setup", "/register"):
            assert (await nobody.http.post(path, data=FORM, headers=EVIL)).status_code == 421
        assert await db[USERS].find({}) == []
        await ada.register()
        for path in ("/rooms", "/admin", "/account"):
            assert (await ada.http.get(path, headers=EVIL)).status_code == 421
        address, cookies = f"ws://evil.example:{site.port}/socket", {"Cookie": ada.cookies()}
        with pytest.raises(InvalidStatus) as refused:
            await connect(address, host="127.0.0.1", additional_headers=cookies, proxy=None)
        assert refused.value.response.status_code == 421
        assert await handshake(ada, "/socket") == 101


async def test_a_name_that_is_not_ours_is_logged_once_in_a_while(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    async with Person(site, "nobody") as nobody:
        for _ in range(3):
            await nobody.http.get("/login", headers=EVIL)
    told = [vars(one)["host"] for one in caplog.records if one.name == "littlechat.web.hosts"]
    assert told == ["evil.example"]


async def test_localhost_and_the_address_listened_on_are_served(site: Site) -> None:
    async with Person(site, "nobody") as nobody:
        for host in ("localhost", f"LocalHost:{site.port}", "127.0.0.1", "[::1]:8000"):
            assert (await nobody.http.get("/login", headers={"Host": host})).status_code == 200
        for host in ("", "192.0.2.1", "localhost.evil.example", "127.0.0.1.evil.example", "a b"):
            assert (await nobody.http.get("/login", headers={"Host": host})).status_code == 421


async def test_what_supervises_the_process_may_use_any_name(site: Site) -> None:
    async with Person(site, "nobody") as nobody:
        for path in ("/healthz", "/readyz"):
            assert (await nobody.http.get(path, headers=EVIL)).status_code == 200


@pytest.mark.parametrize(
    ("chosen", "link"),
    [
        ({"public_url": f"https://{CHAT}"}, f"https://{CHAT}"),
        ({"public_url": f"http://{CHAT}:81"}, f"http://{CHAT}:81"),
        ({"allowed_hosts": (CHAT, "evil.test")}, f"https://{CHAT}"),
        ({"allowed_hosts": ("b.test",), "public_url": f"https://{CHAT}"}, f"https://{CHAT}"),
    ],
)
async def test_the_settings_name_what_is_served_and_where_links_lead(
    db: Database, settings: Settings, chosen: dict[str, object], link: str
) -> None:
    async with another(settings, **chosen) as site, Person(site, "Ada") as ada:
        await ada.register()
        assert (await ada.http.get("/login", headers=BY_CHAT)).status_code == 200
        assert (await ada.http.get("/login", headers=EVIL)).status_code == 421
        made = await ada.post("/admin/invitations", uses="1", days="1")
        assert f'value="{link}/register?invitation=' in made.text
        assert "PUBLIC_URL" in (await ada.get("/admin/registration")).text
        assert (await ada.post("/admin/address", address="https://b.test")).status_code == 403


async def test_the_first_administrator_with_the_token_settles_the_public_address(
    site: Site, other_site: Site, db: Database
) -> None:
    async with Person(site, "Ada") as ada, Person(other_site, "nobody") as nobody:
        wrong = await ada.http.get("/setup", params={"token": "wrong"}, headers=BY_CHAT)
        assert wrong.status_code == 421
        shown = await ada.http.get("/setup", params=TOKEN, headers=BY_CHAT)
        assert f'action="/setup?token={TOKEN["token"]}"' in shown.text
        done = await ada.http.post("/setup", params=TOKEN, data=FORM, headers=BY_CHAT)
        assert done.status_code == 303
        assert (await ada.http.get("/login", headers=EVIL)).status_code == 421
        # Known to the other process at once, though the news may still be on its way.
        assert (await nobody.http.get("/login", headers=BY_CHAT)).status_code == 200
        await ada.log_in()
        made = await ada.post("/admin/invitations", uses="1", days="1")
        assert f"https://{CHAT}/register?invitation=" in made.text
        # It lets nobody in by another name any more.
        again = await nobody.http.get("/setup", params=TOKEN, headers=EVIL)
        assert again.status_code == 421
    assert (await db[SETTINGS].find_one({"_id": "installation"}) or {})["address"] == (
        f"https://{CHAT}"
    )


async def test_the_first_account_is_made_on_the_machine_itself_or_with_the_token(
    db: Database, settings: Settings
) -> None:
    async with (
        another(settings, allowed_hosts=(CHAT,)) as site,
        Person(site, "Ada") as ada,
    ):
        proxied = {"Host": "localhost", "X-Forwarded-For": "192.0.2.1"}
        for headers in (BY_CHAT, proxied):
            for path in ("/setup", "/register"):
                answer = await ada.http.get(path, headers=headers)
                assert (answer.status_code, "token" in alert(answer.text)) == (403, True)
                answer = await ada.http.post(path, data=FORM, headers=headers)
                assert (answer.status_code, "token" in alert(answer.text)) == (403, True)
        assert await db[USERS].find({}) == []
        done = await ada.http.post("/register", params=TOKEN, data=FORM, headers=BY_CHAT)
        assert done.status_code == 303
        # From now on the mode of registration decides.
        form = {"username": "Ben", "password": PASSWORD}
        assert (await ada.http.post("/register", data=form, headers=BY_CHAT)).status_code == 303


async def test_an_administrator_changes_the_public_address(site: Site, other_site: Site) -> None:
    async with Person(site, "Ada") as ada, Person(other_site, "Ben") as ben:
        await ada.register()
        await ben.register()
        assert (await ben.post("/admin/address", address=f"https://{CHAT}")).status_code == 403
        answer = await ada.post("/admin/address", address="not an address")
        assert answer.status_code == 422
        assert "not an address" in answer.text
        assert (await ada.post("/admin/address", address=f"https://{CHAT}/")).status_code == 303
        for person in (ada, ben):
            assert (await person.http.get("/login", headers=BY_CHAT)).status_code != 421
        assert "set the public address" in (await ada.get("/admin/audit")).text
        assert (await ada.post("/admin/address", address="")).status_code == 303
        assert (await ada.http.get("/login", headers=BY_CHAT)).status_code == 421


async def test_links_without_a_public_address_lead_to_the_port_and_not_to_a_header(
    site: Site,
) -> None:
    async with Person(site, "Ada") as ada:
        await ada.register()
        for host, link in (
            ("localhost:6666", f"http://localhost:{site.port}"),
            ("127.0.0.1:6666", f"http://127.0.0.1:{site.port}"),
        ):
            headers = {"Host": host, "Cookie": ada.cookies()}
            made = await ada.http.post(
                "/admin/invitations", data={"uses": "1", "days": "1"}, headers=headers
            )
            found = re.search(r'value="([^"]+)/register\?invitation=', made.text)
            assert found
            assert found[1] == link


async def test_an_installation_of_an_older_version_obeys_the_settings(
    db: Database, settings: Settings
) -> None:
    async with another(settings) as first, Person(first, "Ada") as ada:
        await ada.register()
    await db[SETTINGS].update({"_id": "installation"}, {"$unset": {"address": ""}})
    async with (
        another(settings, public_url=f"https://{CHAT}") as site,
        Person(site, "nobody") as nobody,
    ):
        assert (await nobody.http.get("/login", headers=BY_CHAT)).status_code == 200
        assert (await nobody.http.get("/login", headers=EVIL)).status_code == 421


async def test_an_installation_of_an_older_version_takes_the_address_its_administrator_uses(
    start: Callable[[], Awaitable[Site]], db: Database
) -> None:
    first = await start()
    async with Person(first, "Ada") as ada:
        await ada.register()
        await db[SETTINGS].update({"_id": "installation"}, {"$unset": {"address": ""}})
        site = await start()
        assert site.services.accounts.installation.address is None
        ada.http.base_url = httpx.URL(site.url)
        answer = await ada.http.get("/login", headers=EVIL | {"Cookie": ""})
        assert answer.status_code == 200
        signed_in = {**BY_CHAT, "Cookie": "__Host-" + ada.cookies()}
        assert (await ada.http.get("/rooms", headers=signed_in)).status_code == 200
        assert site.services.accounts.installation.address == f"https://{CHAT}"
        assert (await ada.http.get("/login", headers=EVIL)).status_code == 421
