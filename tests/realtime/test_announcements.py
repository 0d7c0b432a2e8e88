"""What one process announces reaches the pages of every process."""

from littlechat.core.people import Session
from littlechat.realtime.dispatcher import ROOMS, user_topic
from littlechat.web.services import Services
from tests.tabs import Tab, somebody, until


async def test_a_refresh_and_a_signal_reach_every_process_and_close_nothing(
    here: Services, there: Services, ada: Session
) -> None:
    page = Tab(there, ada.user, ada.id)
    received: list[str] = []
    for name, served in (("here", here), ("there", there)):
        served.realtime.dispatcher.on_signal("news", lambda name=name: received.append(name))  # type: ignore[misc]
    before = there.rooms.access.invalidations
    here.realtime.announcements.refresh(ada.user.id)
    here.realtime.announcements.signal("news")
    await until(lambda: sorted(received) == ["here", "there"])
    assert there.rooms.access.invalidations > before
    assert page.socket.close_code is None
    await page.close()


async def test_pages_receive_that_the_lists_of_rooms_changed(
    here: Services, there: Services
) -> None:
    tabs = [Tab(served, somebody("Dan")) for served in (here, there)]
    for tab, served in zip(tabs, (here, there), strict=True):
        served.realtime.hub.join(tab.socket, ROOMS)
    here.realtime.announcements.announce_rooms()
    for tab in tabs:
        assert 'data-number="1"' in await tab.until_frame('id="rooms-news"')
    here.realtime.announcements.announce_rooms()
    for tab in tabs:
        await tab.until_frame('data-number="2"')
        await tab.close()


async def test_what_is_announced_to_some_people_reaches_their_pages_only(
    here: Services, there: Services
) -> None:
    ben, dan = somebody("Ben"), somebody("Dan")
    his, dans = Tab(there, ben), Tab(there, dan)
    for tab, user in ((his, ben), (dans, dan)):
        there.realtime.hub.join(tab.socket, user_topic(user.id))
    here.realtime.announcements.announce_rooms([ben.id])
    await his.until_frame('id="rooms-news"')
    here.realtime.announcements.announce_direct_message([ben.id], "room1")
    frame = await his.until_frame("direct-news")
    assert 'data-room="room1"' in frame
    here.realtime.announcements.announce_rooms([dan.id])
    await dans.until_frame('id="rooms-news"')
    assert len(dans.frames) == 1
    for tab in (his, dans):
        await tab.close()
