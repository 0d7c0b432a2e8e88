"""Applications that may send to this machine, a push service, and the cast."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
from quart import Quart

from littlechat.app import create_app
from littlechat.notifications import delivery, viewers
from littlechat.platform.bus import MemoryBroker, MemoryBus
from littlechat.platform.configuration import Settings
from tests.browsers import PushService
from tests.factories import Site
from tests.notifications.cast import Cast


@pytest.fixture
def quick_deliveries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait longer than a loopback needs."""
    monkeypatch.setattr("littlechat.actions.messages.TOUCH_SECONDS", 0.01)
    monkeypatch.setattr(delivery, "GATHER_SECONDS", 0.05)
    monkeypatch.setattr(viewers, "ANSWER_SECONDS", 0.05)
    monkeypatch.setattr(delivery, "RETRY_SECONDS", (0.01, 0.01, 0.01))


@pytest.fixture
def make_app(db: object, settings: Settings, broker: MemoryBroker) -> Callable[..., Quart]:
    """Make applications that may send to this machine."""
    return lambda: create_app(replace(settings, push_private=True), MemoryBus(broker))


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    """The push service of all browsers."""
    async with PushService() as service:
        yield service


@pytest.fixture
async def cast(quick_deliveries: None, site: Site, service: PushService) -> AsyncIterator[Cast]:
    """The cast, in place."""
    cast = await Cast(site, service).gather()
    async with cast.stack:
        yield cast
