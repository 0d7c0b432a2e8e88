"""What a browser keeps after a login: it opens nothing by itself."""

from littlechat.web.devices import COOKIE
from tests.attacks import insiders
from tests.factories import Site


async def test_the_cookie_of_a_device_opens_nothing(site: Site) -> None:
    async with insiders(site, "Ada", "nobody") as (ada, nobody):
        await ada.log_in()
        kept = ada.http.cookies[COOKIE]
        nobody.http.cookies.set(COOKIE, kept)
        assert (await nobody.get("/rooms")).status_code == 303
