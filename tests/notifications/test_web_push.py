"""The way to a push service: what it can read, what it answers, and where it must never lead."""

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pywebpush import WebPushException  # type: ignore[import-untyped]

from littlechat.notifications import web_push as push
from littlechat.notifications.rules import Notification, Subscription
from littlechat.notifications.web_push import (
    Answer,
    Push,
    new_key,
    public_key,
)
from littlechat.platform.database import now
from tests.browsers import FakeBrowser, PushService, data, signature

NOTIFICATION = Notification(
    "Ada · Garden", "hello <b>Ben</b> 🎉", "/rooms/garden?around=1", "garden", True
)


def subscription(browser: FakeBrowser) -> Subscription:
    return Subscription(
        id="one",
        user_id="ben",
        session_id="session",
        endpoint=browser.endpoint,
        p256dh=browser.p256dh,
        auth=browser.auth,
        contact="https://chat.example",
        agent="",
        created=now(),
    )


def test_each_installation_makes_a_key_of_its_own() -> None:
    keys = {new_key() for _ in range(5)}
    assert len(keys) == 5
    assert all(len(data(key)) == 32 for key in keys)
    points = {public_key(key) for key in keys}
    assert len(points) == 5
    assert all(len(data(point)) == 65 and data(point)[0] == 4 for point in points)


async def test_only_the_browser_reads_a_notification_and_its_service_knows_who_sent_it() -> None:
    key, way = new_key(), Push(private=True)
    async with PushService() as service:
        browser = service.browser()
        assert await way.send(key, subscription(browser), NOTIFICATION) == Answer("sent", 201)
        (pushed,) = browser.pushed
        assert NOTIFICATION.title.encode() not in pushed.body
        assert NOTIFICATION.body.encode() not in pushed.body
        assert browser.read(pushed) == {
            "title": NOTIFICATION.title,
            "body": NOTIFICATION.body,
            "url": NOTIFICATION.url,
            "tag": "garden",
            "insists": False,
        }
        claims, used = signature(pushed)
        assert used == public_key(key)
        assert claims["aud"] == service.origin
        assert claims["sub"] == "https://chat.example"
        assert pushed.headers["Content-Encoding"] == "aes128gcm"
        assert pushed.headers["Urgency"] == "high"
        assert (pushed.headers["TTL"], pushed.headers["Topic"]) == ("43200", "garden")
        assert "Cookie" not in pushed.headers
    await way.close()


@pytest.mark.parametrize(
    ("status", "headers", "answer"),
    [
        (201, {}, Answer("sent", 201)),
        (404, {}, Answer("gone", 404)),
        (410, {}, Answer("gone", 410)),
        (429, {"Retry-After": "7"}, Answer("later", 429, 7)),
        (429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, Answer("later", 429)),
        (503, {}, Answer("later", 503)),
        (403, {}, Answer("refused", 403)),
        (413, {}, Answer("refused", 413)),
        (302, {"Location": "http://127.0.0.1:1/"}, Answer("refused", 302)),
    ],
)
async def test_what_a_push_service_answers_is_understood(
    status: int, headers: dict[str, str], answer: Answer
) -> None:
    way = Push(private=True)
    async with PushService() as service:
        service.answers.append((status, headers))
        assert await way.send(new_key(), subscription(service.browser()), NOTIFICATION) == answer
    await way.close()


async def test_a_name_that_leads_into_this_network_is_not_followed() -> None:
    way = Push()
    async with PushService() as service:
        browser = service.browser()
        # As a stranger's name server would have it: a public name for this machine.
        assert (await way.send(new_key(), subscription(browser), NOTIFICATION)).kind == "later"
        assert browser.pushed == []
    await way.close()


async def test_a_service_that_is_not_there_may_come_back() -> None:
    way = Push(private=True)
    async with PushService() as service:
        one = subscription(service.browser())
    assert (await way.send(new_key(), one, NOTIFICATION)).kind == "later"
    await way.close()


@given(st.binary(max_size=70), st.binary(max_size=20))
def test_keys_that_are_none_never_raise_but_what_is_caught(point: bytes, secret: bytes) -> None:
    browser = subscription(FakeBrowser("https://a.b/c"))
    wrong = replace(
        browser, p256dh=push._text(b"\4" + point.ljust(64)[:64]), auth=push._text(secret)
    )
    started = time.perf_counter()
    with pytest.raises((ValueError, WebPushException)):
        push._encrypted(new_key(), wrong, NOTIFICATION)
    assert time.perf_counter() - started < 5
