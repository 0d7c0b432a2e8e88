"""What supervisors ask, and who may ask for the numbers."""

from dataclasses import replace

from littlechat.app import create_app
from littlechat.platform.bus import MemoryBus
from littlechat.platform.configuration import Settings
from littlechat.platform.database import Database
from tests.attacks import raw
from tests.factories import Person, Site


async def test_alive_and_ready_are_said_to_anybody_in_plain_text(site: Site) -> None:
    async with Person(site, "nobody") as nobody:
        for path, text in (("/healthz", "ok\n"), ("/readyz", "ready\n")):
            answer = await nobody.get(path)
            assert (answer.status_code, answer.text) == (200, text)
            assert answer.headers["content-type"].startswith("text/plain")
            assert answer.headers["cache-control"] == "no-store"
            assert (await nobody.http.head(path)).status_code == 200
            assert (await nobody.post(path)).status_code == 405


async def test_without_the_database_alive_and_not_ready(site: Site) -> None:
    async with Person(site, "nobody") as nobody:
        site.services.platform.database.close()
        assert (await nobody.get("/healthz")).status_code == 200
        answer = await nobody.get("/readyz")
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"


async def test_the_numbers_are_for_this_machine_alone(site: Site) -> None:
    async with Person(site, "nobody") as nobody:
        answer = await nobody.get("/metrics")
        assert answer.status_code == 200
        assert "littlechat" in answer.text
        for header in ("X-Forwarded-For", "Forwarded"):
            answer = await nobody.http.get("/metrics", headers={header: "127.0.0.1"})
            assert answer.status_code == 403, header


async def test_from_elsewhere_the_numbers_need_the_token(db: Database, settings: Settings) -> None:
    token = "a token that only Prometheus knows"
    settings = replace(settings, metrics_token=token)
    async with Site(create_app(settings, MemoryBus())) as site, Person(site, "nobody") as nobody:
        for given, status in (
            (f"Bearer {token}", 200),
            (f"Bearer {token}x", 403),
            (f"Bearer {token[:-1]}", 403),
            ("Bearer", 403),
            ("Basic x", 403),
        ):
            headers = {"X-Forwarded-For": "192.0.2.1", "Authorization": given}
            answer = await nobody.http.get("/metrics", headers=headers)
            assert answer.status_code == status, given
        spelled = b"GET /metrics\r\nX-Forwarded-For: 192.0.2.1\r\nAuthorization: Bearer \xff"
        assert (await raw(site, spelled)).status == 403
