"""Notifications are counted, and browsers that are gone forgotten."""

import asyncio
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest
from quart import Quart

from littlechat.notifications.places import AT_ONCE
from littlechat.notifications.recipients import Recipients
from littlechat.notifications.rules import Notification
from littlechat.notifications.schema import SUBSCRIPTIONS
from littlechat.notifications.sender import Sender
from littlechat.notifications.subscriptions import Subscriptions
from littlechat.notifications.web_push import Push, new_key
from tests.browsers import PushService
from tests.factories import Person, Site
from tests.notifications.cast import Cast
from tests.notifications.test_web_push import subscription
from tests.tabs import until


async def test_a_browser_that_is_gone_is_forgotten(cast: Cast) -> None:
    cast.service.answers = [(410, {})]
    await cast.to_ben("to nobody")
    await cast.settle()
    assert await cast.site.services.platform.database[SUBSCRIPTIONS].find({}) == []
    assert len(cast.browser.pushed) == 1
    await cast.to_ben("not tried again")
    await cast.settle()
    assert len(cast.browser.pushed) == 1


async def test_names_that_nobody_answers_for_delay_neither_logins_nor_others(
    make_app: Callable[..., Quart], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_at_last, asked = threading.Event(), list[str]()
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *rest: Any, **named: Any) -> Any:
        if not str(host).endswith(".invalid"):
            return real(host, *rest, **named)
        asked.append(host)
        answer_at_last.wait()
        raise OSError("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    push = Push(private=True)
    nobody = cast(Any, None)
    sender = Sender(push, cast(Subscriptions, nobody), cast(Recipients, nobody))
    sender._key = new_key()
    notification = Notification("Ada", "hello", "/", "a", True)
    async with PushService() as service:
        good = subscription(service.browser())
        stuck = [
            replace(good, user_id=f"person {number}", endpoint=f"http://{number}.invalid/")
            for number in range(2 * AT_ONCE)
        ]
        assert (await sender.send(replace(good, user_id="ben"), notification)).kind == "sent"
        tasks = [asyncio.create_task(sender.send(one, notification)) for one in stuck]
        await until(lambda: len(asked) == AT_ONCE - 8)
        # Others get theirs, and the threads in which passwords are hashed are free.
        assert (await sender.send(replace(good, user_id="ada"), notification)).kind == "sent"
        async with Site(make_app()) as site, Person(site, "Ada") as ada:
            await ada.register()
        assert len(asked) == AT_ONCE - 8
        for task in tasks:
            task.cancel()
        answer_at_last.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        await push.close()
