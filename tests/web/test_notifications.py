"""The page of notifications and a room's bell, over HTTP."""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
from quart import Quart

from littlechat.app import create_app
from littlechat.notifications.schema import SUBSCRIPTIONS
from littlechat.platform.bus import MemoryBroker, MemoryBus
from littlechat.platform.configuration import Settings
from tests.attacks import alert, found_room, insiders
from tests.browsers import FakeBrowser, PushService
from tests.factories import Site

HERE = "/account/notifications"
GOOD = "https://push.example.com/one"


@pytest.fixture
def make_app(db: object, settings: Settings, broker: MemoryBroker) -> Callable[..., Quart]:
    """Make applications that may send to this machine if the settings say so."""
    return lambda private=False: create_app(
        replace(settings, push_private=private), MemoryBus(broker)
    )


@pytest.fixture
async def near(make_app: Callable[..., Quart]) -> AsyncIterator[Site]:
    """A server that may send to this machine."""
    async with Site(make_app(True)) as site:
        yield site


async def test_a_browser_is_put_up_listed_and_taken_away(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        assert "Where you are notified" not in (await ada.get(HERE)).text
        answer = await ada.post(f"{HERE}/subscribe", False, **FakeBrowser(GOOD).fields)
        assert (answer.status_code, answer.headers["location"]) == (303, HERE)
        page = (await ada.get(HERE)).text
        browser = re.search(r'data-browser="(\w+)"', page)
        assert browser
        await ada.post(f"{HERE}/unsubscribe", browser=browser[1])
        assert "data-browser" not in (await ada.get(HERE)).text


async def test_a_script_gets_a_status_and_what_is_wrong(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        fields = FakeBrowser(GOOD).fields
        answer = await ada.post(f"{HERE}/subscribe", True, **fields)
        assert (answer.status_code, answer.headers["hx-redirect"]) == (200, HERE)
        for wrong in (
            {"endpoint": "https://127.0.0.1/x"},
            {"endpoint": "http://push.example.com/x"},
            {"endpoint": ""},
            {"p256dh": "x"},
            {"auth": ""},
        ):
            answer = await ada.post(f"{HERE}/subscribe", True, **{**fields, **wrong})
            assert answer.status_code == 422
            assert alert(answer.text).endswith("cannot be used.")
        assert len(await site.services.platform.database[SUBSCRIPTIONS].find({})) == 1


async def test_choices_are_kept_and_wrong_ones_stay_in_their_fields(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        form = {"level": "everything", "quiet_from": "22:00", "quiet_to": "07:00"}
        answer = await ada.post(HERE, False, **form, zone="Europe/Berlin")
        assert answer.status_code == 200
        assert "Saved." in answer.text
        page = (await ada.get(HERE)).text
        assert 'value="everything" checked' in page
        assert 'value="22:00"' in page
        assert "<option selected>Europe/Berlin</option>" in page
        answer = await ada.post(HERE, False, **{**form, "quiet_to": ""}, zone="Asia/Tokyo")
        assert answer.status_code == 422
        assert "need a beginning and an end" in alert(answer.text)
        assert "<option selected>Asia/Tokyo</option>" in answer.text
        answer = await ada.post(HERE, False, **{**form, "level": "x<y"}, zone="Mars/Olympus")
        assert answer.status_code == 422
        assert "<option selected>Europe/Berlin" in (await ada.get(HERE)).text


async def test_a_test_goes_to_all_browsers_and_shows_what_they_answered(near: Site) -> None:
    async with insiders(near, "Ada") as (ada,), PushService() as service:
        answer = await ada.post(f"{HERE}/test")
        assert answer.status_code == 422
        assert alert(answer.text).startswith("Turn notifications on first")
        browsers = [await service.subscribed(ada, name) for name in ("one", "two")]
        answer = await ada.post(f"{HERE}/test")
        assert "A test is on its way" in answer.text
        for browser in browsers:
            assert browser.notifications[0]["insists"] is True
        service.answers = [(403, {})]
        answer = await ada.post(f"{HERE}/test")
        assert answer.status_code == 422
        assert alert(answer.text).startswith("1 of 2 did not get through: the push service")


async def test_a_rooms_level_is_chosen_at_its_bell_and_in_its_settings(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben)
        pressed = re.compile(r'value="(\w*)" aria-pressed="true"')
        assert pressed.findall((await ben.get(f"/rooms/{room}")).text) == [""]
        part = await ben.post(f"/rooms/{room}/level", htmx=True, level="nothing")
        assert part.status_code == 200
        assert part.text.strip().startswith("<form")
        assert pressed.findall(part.text) == ["nothing"]
        assert pressed.findall((await ben.get(f"/rooms/{room}")).text) == ["nothing"]
        assert pressed.findall((await ada.get(f"/rooms/{room}")).text) == [""]
        settings = (await ben.get(f"/rooms/{room}/settings")).text
        assert pressed.findall(settings) == ["nothing"]
        back = f"/rooms/{room}/settings#notifications"
        answer = await ben.post(f"/rooms/{room}/level", level="", back=back)
        assert answer.headers["location"] == back
        assert pressed.findall((await ben.get(f"/rooms/{room}")).text) == [""]
        for wrong in ("loud", "x" * 5_000, "\0"):
            answer = await ben.post(f"/rooms/{room}/level", level=wrong)
            assert answer.status_code == 422
        answer = await ben.post(f"/rooms/{room}/level", level="", back="https://evil.example/")
        assert answer.headers["location"] == f"/rooms/{room}"
