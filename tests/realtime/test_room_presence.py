"""Who is here and who types, as the pages of two processes are told."""

import asyncio

import pytest

from littlechat.core.messages import Draft
from littlechat.core.names import new_id
from littlechat.platform.bus import MemoryBroker, MemoryBus
from littlechat.platform.configuration import Settings
from littlechat.realtime import room_presence
from littlechat.realtime.hub import OVERLOAD
from littlechat.web.services import Services
from tests.tabs import (
    ADA,
    BEN,
    CLEO,
    ROOM,
    Open,
    Tab,
    process,
    somebody,
)

pytestmark = pytest.mark.usefixtures("quick_feeds")


async def test_every_page_of_a_room_receives_who_comes_and_goes_on_either_process(
    here: Services, there: Services, tab: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_presence, "ONLINE_SECONDS", 0.02)
    page = await tab(BEN)
    far = await Tab(there, ADA).enter(ROOM)
    await page.until(lambda dom: dom.online == ["Ada", "Ben"])
    await far.until(lambda dom: dom.online == ["Ada", "Ben"])
    assert here.realtime.feeds.online(ROOM) == there.realtime.feeds.online(ROOM) == ("Ada", "Ben")
    await far.close()
    await page.until(lambda dom: dom.online == ["Ben"])


async def test_a_person_with_two_tabs_is_online_until_both_are_closed(
    here: Services, tab: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_presence, "ONLINE_SECONDS", 0.02)
    page, first, second = await tab(BEN), await tab(CLEO), await tab(CLEO)
    await page.until(lambda dom: dom.online == ["Ben", "Cleo"])
    await first.close()
    third = await tab(ADA)
    await page.until(lambda dom: dom.online == ["Ada", "Ben", "Cleo"])
    await second.close()
    await page.until(lambda dom: dom.online == ["Ada", "Ben"])
    await third.close()


async def test_everybody_sees_who_has_gone_away_from_all_their_pages(
    here: Services, there: Services, tab: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_presence, "ONLINE_SECONDS", 0.02)
    page, first = await tab(BEN), await tab(ADA)
    second = await Tab(there, ADA).enter(ROOM)
    here.realtime.feeds.set_away(first.socket, True)
    there.realtime.feeds.set_away(second.socket, True)
    frame = await page.until_frame("data-away")
    assert 'data-user="Ada" data-away' in frame
    assert 'data-user="Ben" data-away' not in frame
    assert here.realtime.feeds.away(ROOM) == {"Ada"}
    there.realtime.feeds.set_away(second.socket, False)
    await page.until(lambda _: here.realtime.feeds.away(ROOM) == frozenset())
    await page.until(lambda _: "data-away" not in page.frames[-1])
    assert here.realtime.feeds.online(ROOM) == ("Ada", "Ben")
    await second.close()


async def test_a_process_that_stops_takes_its_people_along_at_once(
    here: Services, tab: Open, settings: Settings, broker: MemoryBroker
) -> None:
    page = await tab(BEN)
    async with process(settings, MemoryBus(broker)) as dying:
        far = await Tab(dying, ADA).enter(ROOM)
        await page.until(lambda dom: dom.online == ["Ada", "Ben"])
        far.socket.close(OVERLOAD)
    await page.until(lambda dom: dom.online == ["Ben"])


async def test_a_room_is_sent_who_is_online_at_most_once_a_second(
    here: Services, tab: Open
) -> None:
    clock = asyncio.get_running_loop().time
    page = await tab(BEN)
    await page.until(lambda dom: dom.online == ["Ben"])
    told, started = len(page.frames), clock()
    visitors = [await tab(somebody(f"visitor{n}")) for n in range(20)]
    await page.until(lambda dom: len(dom.online) == 21)
    frames = [frame for frame in page.frames[told:] if 'id="online"' in frame]
    assert len(frames) <= 1 + (clock() - started) / room_presence.ONLINE_SECONDS
    assert len(visitors) == 20


async def test_those_who_type_are_sent_the_others_only(
    here: Services, there: Services, tab: Open
) -> None:
    ada, ben, cleo = await tab(ADA), await tab(BEN), await tab(CLEO)
    here.realtime.feeds.typed(ROOM, "Ada")
    await ben.until(lambda dom: dom.typing == "Ada is typing…")
    there.realtime.feeds.typed(ROOM, "Ben")
    await cleo.until(lambda dom: dom.typing == "Ada and Ben are typing…")
    await ada.until(lambda dom: dom.typing == "Ben is typing…")
    await ben.until(lambda dom: dom.typing == "Ada is typing…")


async def test_who_sent_their_message_types_no_longer(here: Services, tab: Open) -> None:
    page = await tab(BEN)
    here.realtime.feeds.typed(ROOM, "Ada")
    await page.until(lambda dom: dom.typing == "Ada is typing…")
    await here.actions.messages.say(ROOM, ADA, Draft("there", new_id()))
    await page.until(lambda dom: dom.texts == ["there"] and dom.typing == "")


async def test_who_stopped_typing_is_forgotten(
    here: Services, tab: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("littlechat.realtime.presence_state.TYPING_SECONDS", 0.5)
    page = await tab(BEN)
    here.realtime.feeds.typed(ROOM, "Ada")
    await page.until(lambda dom: dom.typing == "Ada is typing…")
    await page.until(lambda dom: dom.typing == "")
