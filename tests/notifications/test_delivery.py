"""From a post to the browsers of those who are to hear of it, and of nobody else."""

from datetime import UTC, datetime, time

import pytest

from littlechat.core.rooms import everyone_in
from littlechat.notifications import delivery
from littlechat.notifications.rules import Preferences
from tests.attacks import user_of
from tests.browsers import signature
from tests.factories import Site
from tests.notifications.cast import Cast, session_of


async def test_a_mention_reaches_the_browser_with_its_place(cast: Cast) -> None:
    message = await cast.to_ben("**Look** here\nsecond line")
    notification = await cast.browser.next()
    assert notification["title"] == "Ada · Garden"
    assert notification["body"] == "Look here"
    assert notification["url"] == f"/rooms/{cast.room}?around={message.seq}#message-{message.seq}"
    claims, key = signature(cast.browser.pushed[0])
    assert key == cast.site.services.notifications.public_key
    assert claims["sub"] == "https://localhost"
    page = await cast.ben.get("/account/notifications")
    assert f'data-key="{key}"' in page.text


async def test_a_direct_message_is_notified_under_its_authors_name(cast: Cast) -> None:
    answer = await cast.ada.post("/direct", name="Ben")
    room = answer.headers["location"].rpartition("/")[2]
    await cast.ada.say(room, "just for you")
    notification = await cast.browser.next()
    assert (notification["title"], notification["body"]) == ("Ada", "just for you")
    answer = await cast.ada.http.post("/direct", data={"name": ["Ben", "Cleo"]})
    room = answer.headers["location"].rpartition("/")[2]
    await cast.ada.say(room, "for both of you")
    assert (await cast.browser.next(2))["title"] == "Ada · Ada, Cleo"


async def test_who_is_not_addressed_or_not_subscribed_or_the_author_gets_nothing(
    cast: Cast,
) -> None:
    cleo = await cast.service.subscribed(cast.cleo)
    ada = await cast.service.subscribed(cast.ada)
    dan = await cast.service.subscribed(cast.dan)
    dan_id = (await user_of(cast.site, cast.dan)).id
    await cast.say("plain words")
    await cast.settle()
    assert cast.browser.pushed == []
    await cast.say("all of you", everyone_in(cast.room), dan_id)
    await cast.browser.next()
    await cleo.next()
    await cast.settle()
    assert (ada.pushed, dan.pushed) == ([], [])


async def test_in_quiet_hours_nobody_is_notified_and_nothing_comes_later(cast: Cast) -> None:
    notifications = cast.site.services.notifications
    session = await session_of(cast.ben, cast.site)
    notifications.delivery.clock = lambda: datetime(2026, 1, 1, 21, 30, tzinfo=UTC)
    await notifications.set_preferences(
        session, Preferences("mentions", time(22), time(7), "Europe/Berlin")
    )
    await cast.to_ben("at half past ten, there")
    await cast.settle()
    assert cast.browser.pushed == []
    notifications.delivery.clock = lambda: datetime(2026, 1, 1, 6, 30, tzinfo=UTC)
    await cast.to_ben("in the morning")
    assert (await cast.browser.next())["body"] == "in the morning"
    assert len(cast.browser.pushed) == 1


async def test_a_burst_is_one_notification_of_the_last_that_matters(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "GATHER_SECONDS", 3_600.0)
    await cast.ben.post(f"/rooms/{cast.room}/level", level="everything")
    await cast.say("one")
    await cast.to_ben("two, Ben")
    await cast.say("three")
    await cast.gathered()
    notification = await cast.browser.next()
    assert notification["body"] == "two, Ben (and 2 more)"
    await cast.settle()
    assert len(cast.browser.pushed) == 1


async def test_what_is_removed_or_edited_at_once_is_not_notified_as_it_was(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "GATHER_SECONDS", 3_600.0)
    other, message = await cast.to_ben("a tpyo"), await cast.to_ben("a slip of the tongue")
    await cast.ada.post(f"/rooms/{cast.room}/messages/{message.seq}/remove")
    await cast.ada.post(f"/rooms/{cast.room}/messages/{other.seq}/edit", body="a typo, @Ben")
    await cast.gathered()
    assert (await cast.browser.next())["body"] == "a typo, @Ben"


async def test_who_was_removed_from_a_room_gets_no_more_notifications_of_it(cast: Cast) -> None:
    await cast.to_ben("while a member")
    await cast.browser.next()
    await cast.ada.post(f"/rooms/{cast.room}/members/Ben/remove")
    await cast.to_ben("behind his back")
    await cast.settle()
    assert len(cast.browser.pushed) == 1


async def test_a_busy_service_is_tried_again_and_not_for_ever(cast: Cast) -> None:
    cast.service.answers = [(503, {}), (429, {"Retry-After": "0"})]
    await cast.to_ben("in the end")
    await cast.browser.next(3)
    await cast.settle()
    assert len({one["body"] for one in cast.browser.notifications}) == 1
    cast.service.answers = [(500, {})] * 10
    await cast.to_ben("never")
    await cast.settle()
    assert len(cast.browser.pushed) == 3 + 4
    assert cast.site.services.notifications.counters.failed == 2 + 4


async def test_a_session_that_ends_between_two_tries_ends_the_tries(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = cast.hold_retries(monkeypatch)
    cast.service.answers = [(503, {})]
    await cast.to_ben("too late")
    await cast.browser.next()
    await cast.ben.post("/logout")
    go_on.set()
    await cast.settle()
    assert len(cast.browser.pushed) == 1


@pytest.mark.parametrize("how", ["removed", "member", "room"])
async def test_what_was_removed_between_two_tries_is_not_sent(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    go_on = cast.hold_retries(monkeypatch)
    cast.service.answers = [(503, {})]
    message = await cast.to_ben("too late")
    await cast.browser.next()
    path = f"/rooms/{cast.room}"
    if how == "removed":
        await cast.ada.post(f"{path}/messages/{message.seq}/remove")
    elif how == "member":
        await cast.ada.post(f"{path}/members/Ben/remove")
    else:
        await cast.ada.post(f"{path}/delete", confirmation="Garden")
    go_on.set()
    await cast.settle()
    assert len(cast.browser.pushed) == 1


async def test_a_retry_sends_what_is_left_as_it_is_then(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    gathered, go_on = cast.hold_gathering(monkeypatch), cast.hold_retries(monkeypatch)
    cast.service.answers = [(503, {})]
    first, last = await cast.to_ben("a tpyo"), await cast.to_ben("a slip")
    await cast.listeners_done()
    gathered.set()
    assert (await cast.browser.next())["body"] == "a slip (and 1 more)"
    await cast.ada.post(f"/rooms/{cast.room}/messages/{last.seq}/remove")
    await cast.ada.post(f"/rooms/{cast.room}/messages/{first.seq}/edit", body="a typo, @Ben")
    go_on.set()
    assert (await cast.browser.next(2))["body"] == "a typo, @Ben"


async def test_too_many_at_once_are_dropped_and_counted(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "UNDER_WAY_MAX", 1)
    await cast.to_ben("no room for this")
    await cast.settle()
    assert cast.browser.pushed == []
    assert cast.site.services.notifications.counters.dropped == 1


async def test_a_post_does_not_wait_for_a_push_service_nor_fails_with_it(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(cast.site.services.notifications.delivery, "_notify", broken)
    assert (await cast.to_ben("said all the same")).seq == 1
    await cast.settle()
    assert await cast.ben.say(cast.room, "and the next") == 2


async def test_a_stop_waits_a_moment_for_what_is_under_way(cast: Cast, other_site: Site) -> None:
    await cast.to_ben("last words", site=other_site)
    await cast.listeners_done(other_site)
    await other_site.services.notifications.close()
    assert [one["body"] for one in cast.browser.notifications] == ["last words"]
