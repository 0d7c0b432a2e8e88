"""Who is online anywhere, as every page of two processes is told."""

import asyncio
import re
from functools import partial

import pytest

from littlechat.platform.bus import MemoryBroker, MemoryBus
from littlechat.platform.configuration import Settings
from littlechat.realtime import presence
from littlechat.realtime.presence import Presence
from littlechat.realtime.presence_state import Snapshot
from littlechat.web.services import Services
from tests.tabs import ADA, BEN, CLEO, Tab, process, somebody, until


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes look often."""
    monkeypatch.setattr(presence, "UPDATE_SECONDS", 0.02)


def open_page(served: Services, name: str = "Ben") -> Tab:
    user = {"Ada": ADA, "Ben": BEN, "Cleo": CLEO}.get(name) or somebody(name)
    tab = Tab(served, user)
    served.realtime.presence.enter(tab.socket)
    return tab


def told(tab: Tab) -> list[str]:
    """Return whom the page knows to be online."""
    frames = [frame for frame in tab.frames if 'id="everybody"' in frame]
    return re.findall(r'data-names="([^"]*)"', frames[-1])[0].split() if frames else []


async def test_every_page_receives_who_comes_and_goes_on_either_process(
    here: Services, there: Services
) -> None:
    ben, ada = open_page(here, "Ben"), open_page(there, "Ada")
    await until(lambda: told(ben) == told(ada) == ["Ada", "Ben"])
    assert here.realtime.presence.names == there.realtime.presence.names == {"Ada", "Ben"}
    await ada.close()
    await until(lambda: told(ben) == ["Ben"])
    await ben.close()
    await until(lambda: not here.realtime.presence.names)


async def test_who_is_online_and_who_is_away_is_known_on_either_process(
    here: Services, there: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "SNAPSHOT_EVERY_SECONDS", 0.1)
    assert here.realtime.presence.find("Ada") == (False, False)
    ada = open_page(there, "Ada")
    assert there.realtime.presence.find("Ada") == (True, False)
    await until(lambda: here.realtime.presence.find("Ada") == (True, False))
    ada.socket.away = True
    await until(
        lambda: (
            here.realtime.presence.find("Ada")
            == there.realtime.presence.find("Ada")
            == (True, True)
        )
    )
    again = open_page(here, "Ada")
    assert here.realtime.presence.find("Ada") == (True, False)
    await until(lambda: there.realtime.presence.find("Ada") == (True, False))
    await again.close()
    await ada.close()
    await until(lambda: here.realtime.presence.find("Ada") == (False, False))


async def test_who_is_away_is_published_with_the_next_snapshot_and_who_comes_at_once(
    here: Services, there: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    published: list[dict[str, list[str]]] = []

    def publish(_: Presence, news: Snapshot) -> None:
        published.append({"names": sorted(news.names), "away": sorted(news.away)})

    def is_away(away: bool) -> bool:
        return there.realtime.presence.find("Ada") == (True, away)

    ada = open_page(there, "Ada")
    await until(lambda: here.realtime.presence.find("Ada") == (True, False))
    monkeypatch.setattr(Presence, "_publish", publish)
    for away in (True, False, True):
        ada.socket.away = away
        await until(partial(is_away, away))
        await asyncio.sleep(0.1)
    assert published == []
    ben = open_page(there, "Ben")
    await until(lambda: published == [{"names": ["Ada", "Ben"], "away": ["Ada"]}])
    await ada.close()
    await until(lambda: published[1:] == [{"names": ["Ben"], "away": []}])
    await ben.close()


async def test_a_new_page_receives_presence_at_once_and_a_new_process_before_long(
    here: Services, settings: Settings, broker: MemoryBroker
) -> None:
    ben = open_page(here, "Ben")
    await until(lambda: told(ben) == ["Ben"])
    async with process(settings, MemoryBus(broker)) as late:
        await until(lambda: late.realtime.presence.names == {"Ben"})
        cleo = open_page(late, "Cleo")
        await until(lambda: told(cleo)[:1] == ["Ben"])
        await until(lambda: told(ben) == ["Ben", "Cleo"])
    await until(lambda: told(ben) == ["Ben"])
    await ben.close()


async def test_presence_is_sent_less_often_when_many_are_online(
    here: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "NAMES_PER_SECOND", 10)
    ben = open_page(here, "Ben")
    crowd = [open_page(here, f"visitor{n}") for n in range(30)]
    await until(lambda: len(told(ben)) == 31)
    frames, late = len(ben.frames), open_page(here, "Ada")
    await asyncio.sleep(0.2)  # Ten looks: none of them may tell within three seconds of the last.
    assert len(ben.frames) == frames
    assert here.realtime.presence.names >= {"Ada", "Ben"}
    for tab in (ben, late, *crowd):
        await tab.close()
