"""Replies find their root, are counted once whoever wrote them, and quote what is there."""

import asyncio
from dataclasses import replace

import pytest

from littlechat.actions import threads as threads_module
from littlechat.actions.threads import GONE
from littlechat.core.errors import Invalid
from littlechat.core.messages import (
    Cursor,
    Draft,
    File,
    Message,
    Quote,
)
from littlechat.core.names import new_id
from littlechat.core.people import User
from littlechat.core.rooms import Membership
from littlechat.messages.documents import Replies
from littlechat.messages.mutations import emptied, replies_counted
from littlechat.platform.database import now
from littlechat.rendering.renderer import Renderer
from littlechat.text.quotes import REMOVED, quote_of
from littlechat.web.services import Services
from tests.attacks import skeleton
from tests.rendering.samples import message
from tests.tabs import ADA, BEN, CLEO, ROOM, Open
from tests.xss_corpus import PAYLOADS

MANAGER = Membership(ROOM, ADA.id, ADA.name, "creator", now())


@pytest.fixture(autouse=True)
def quick(quick_feeds: None) -> None:
    """Let nothing linger."""


async def say(served: Services, author: User, body: str = "hello") -> Message:
    return await served.actions.messages.say(ROOM, author, Draft(body, new_id()))


async def answer(
    served: Services, author: User, thread: int, body: str = "yes", *, shown: bool = False
) -> Message:
    draft = Draft(body, new_id(), thread=thread, shown=shown)
    draft = await served.actions.threads.address(ROOM, author, draft)
    return await served.actions.messages.say(ROOM, author, draft)


async def at_rest(*processes: Services) -> None:
    """Wait until nothing is left to be done behind anybody's back."""
    for served in processes:
        await served.platform.tasks.close()


async def test_a_reply_stands_in_the_room_s_order_and_its_root_counts_it(here: Services) -> None:
    await say(here, ADA)
    reply = await answer(here, BEN, 1)
    await at_rest(here)
    assert (reply.seq, reply.thread, reply.shown, reply.quote) == (2, 1, False, None)
    root = await here.messages.get(ROOM, 1)
    assert (root.replies, root.replied_at, root.version) == (1, reply.at, 1)
    thread = await here.actions.threads.get(ROOM, 1)
    assert (thread.root, thread.replies, thread.older) == (root, [reply], False)


async def test_a_reply_to_a_reply_goes_to_the_same_root(here: Services) -> None:
    await say(here, ADA)
    await answer(here, BEN, 1)
    reply = await answer(here, CLEO, 2)
    assert reply.thread == 1
    assert (await here.actions.threads.get(ROOM, 3)).root.seq == 1


async def test_a_reply_is_addressed_to_the_author_of_the_root_and_to_nobody_twice(
    here: Services,
) -> None:
    await say(here, ADA)
    assert (await answer(here, BEN, 1)).addressed_to == (ADA.id,)
    assert (await answer(here, ADA, 1)).addressed_to == ()
    draft = Draft("x", "", addressed_to=(CLEO.id, ADA.id), thread=1)
    assert (await here.actions.threads.address(ROOM, BEN, draft)).addressed_to == (CLEO.id, ADA.id)


async def test_a_shown_reply_quotes_the_first_line_and_a_hidden_one_nothing(
    here: Services,
) -> None:
    await say(here, ADA, "**First** line\n\nsecond")
    assert (await answer(here, BEN, 1, shown=True)).quote == Quote("Ada", "First line")
    assert (await answer(here, BEN, 1)).quote is None


async def test_a_message_of_files_alone_is_quoted_by_its_first_file() -> None:
    root = Message(ROOM, 1, ADA.id, "Ada", "", now(), files=(File("f", "plan.pdf", "x", 1),))
    assert quote_of(root) == Quote("Ada", "plan.pdf")
    assert quote_of(replace(root, removed=True)) == Quote("Ada", REMOVED)


@pytest.mark.parametrize("thread", [0, 7, 10**15])
async def test_what_is_not_there_is_not_answered(here: Services, thread: int) -> None:
    await say(here, ADA)
    with pytest.raises(Invalid, match="no longer here"):
        await answer(here, BEN, thread)
    assert (await here.messages.head(ROOM)).seq == 1


async def test_a_message_of_another_room_is_not_answered(here: Services) -> None:
    await here.actions.messages.say("elsewhere", ADA, Draft("hello", new_id()))
    with pytest.raises(Invalid, match="no longer here"):
        await answer(here, BEN, 1)


async def test_a_removed_message_is_not_answered_but_a_repeated_send_returns_the_first(
    here: Services,
) -> None:
    await say(here, ADA)
    draft = Draft("yes", "c1", thread=1, shown=False)
    first = await here.actions.messages.say(
        ROOM, BEN, await here.actions.threads.address(ROOM, BEN, draft)
    )
    await here.actions.messages.remove(ROOM, 1, MANAGER, ADA)
    again = await here.actions.messages.say(
        ROOM, BEN, await here.actions.threads.address(ROOM, BEN, draft)
    )
    assert again == first
    with pytest.raises(Invalid) as refused:
        await answer(here, BEN, 1)
    assert refused.value.errors == {"thread": GONE}
    thread = await here.actions.threads.get(ROOM, 1)
    assert thread.root.removed
    assert thread.replies == [first]


async def counted(served: Services, root: int = 1) -> Replies:
    message = await served.messages.get(ROOM, root)
    return Replies(message.replies, message.replied_at)


async def test_a_removed_reply_counts_no_more_and_its_time_is_not_the_last(
    here: Services, there: Services, tab: Open
) -> None:
    await say(here, ADA)
    first, last = await answer(here, BEN, 1), await answer(there, BEN, 1)
    await at_rest(here, there)
    page = await tab(BEN)
    await there.actions.messages.remove(ROOM, last.seq, MANAGER, ADA)
    await page.until(lambda dom: 1 in dom.messages and dom.messages[1].replies == 1)
    assert await counted(here) == Replies(1, first.at)
    await here.actions.messages.remove(ROOM, first.seq, MANAGER, ADA)
    await page.until(lambda dom: not dom.messages[1].replies)
    assert await counted(here) == Replies(0, None)


async def test_a_removed_root_tells_how_many_replies_are_left(here: Services) -> None:
    await say(here, ADA)
    reply = await answer(here, BEN, 1)
    await answer(here, BEN, 1)
    await at_rest(here)
    await here.actions.messages.remove(ROOM, 1, MANAGER, ADA)
    await here.actions.messages.remove(ROOM, reply.seq, MANAGER, ADA)
    await at_rest(here)
    assert (await counted(here)).count == 1


async def test_posts_and_removals_through_two_processes_at_once_leave_the_right_count(
    here: Services, there: Services
) -> None:
    await say(here, ADA)
    replies = [await answer(here, BEN, 1) for _ in range(6)]
    acts = [
        act
        for number, served in enumerate((here, there) * 3)
        for act in (
            answer(served, BEN, 1),
            served.actions.messages.remove(ROOM, replies[number].seq, MANAGER, ADA),
        )
    ]
    await asyncio.gather(*acts)
    await at_rest(here, there)
    left = [one for one in await here.messages.list_replies(ROOM, 1) if not one.removed]
    assert await counted(here) == Replies(6, left[-1].at)


async def test_a_count_that_a_process_left_too_high_is_put_right_when_the_thread_is_read(
    here: Services,
) -> None:
    await say(here, ADA)
    reply = await answer(here, BEN, 1)
    await at_rest(here)
    await here.messages.change(ROOM, reply.seq, emptied(None))
    await here.actions.threads.get(ROOM, 1)
    await at_rest(here)
    assert await counted(here) == Replies(0, None)


async def test_replies_through_two_processes_at_once_are_all_counted(
    here: Services, there: Services
) -> None:
    await say(here, ADA)
    sent = [answer(served, BEN, 1) for _ in range(8) for served in (here, there)]
    replies = await asyncio.gather(*sent)
    await at_rest(here, there)
    root = await here.messages.get(ROOM, 1)
    assert root.replies == 16
    # Of the last by its number: which has the latest time depends on who was faster.
    assert root.replied_at == max(replies, key=lambda reply: reply.seq).at


async def test_an_edit_and_a_removal_of_the_root_reach_its_quotes(
    here: Services, there: Services, tab: Open
) -> None:
    page = await tab(BEN)
    await say(here, ADA, "teh plan")
    await answer(there, BEN, 1, shown=True)
    await answer(there, CLEO, 1)
    await page.until(lambda dom: 2 in dom.messages and dom.messages[2].quote == "Ada teh plan")
    await here.actions.messages.edit(ROOM, 1, ADA, "the plan")
    await page.until(lambda dom: 2 in dom.messages and dom.messages[2].quote == "Ada the plan")
    await here.actions.messages.remove(ROOM, 1, MANAGER, ADA)
    await page.until(lambda dom: dom.messages[2].quote == f"Ada {REMOVED}")
    assert (await here.messages.get(ROOM, 3)).quote is None


async def test_a_quote_of_what_was_rewritten_meanwhile_is_put_right(here: Services) -> None:
    await say(here, ADA, "old")
    draft = await here.actions.threads.address(ROOM, BEN, Draft("yes", "c1", thread=1))
    await here.actions.messages.edit(ROOM, 1, ADA, "new")
    await at_rest(here)
    await here.actions.messages.say(ROOM, BEN, draft)
    await at_rest(here)
    assert (await here.messages.get(ROOM, 2)).quote == Quote("Ada", "new")


async def test_edits_at_once_leave_the_quotes_as_the_root_is(
    here: Services, there: Services
) -> None:
    await say(here, ADA, "0")
    for _ in range(3):
        await answer(here, BEN, 1, shown=True)
    edits = [
        served.actions.messages.edit(ROOM, 1, ADA, f"text {number}")
        for number in range(5)
        for served in (here, there)
    ]
    await asyncio.gather(*edits)
    await at_rest(here, there)
    said = (await here.messages.get(ROOM, 1)).body
    for reply in await here.messages.list_replies(ROOM, 1):
        assert reply.quote == Quote("Ada", said)


async def test_what_a_process_that_died_left_undone_is_done_when_the_thread_is_read(
    here: Services,
) -> None:
    await say(here, ADA)
    await here.messages.add(
        ROOM, BEN, Draft("yes", "c1", thread=1, quote=Quote("Ada", "something else"))
    )
    await here.actions.threads.get(ROOM, 1)
    await at_rest(here)
    assert (await here.messages.get(ROOM, 1)).replies == 1
    assert (await here.messages.get(ROOM, 2)).quote == Quote("Ada", "hello")
    head = await here.messages.head(ROOM)
    await here.actions.threads.get(ROOM, 1)
    await at_rest(here)
    assert await here.messages.head(ROOM) == head, "put right once"


async def test_a_long_thread_is_read_page_by_page(
    here: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads_module, "REPLIES_SHOWN", 2)
    await say(here, ADA)
    for _ in range(5):
        await answer(here, BEN, 1)
    newest = await here.actions.threads.get(ROOM, 1)
    assert ([one.seq for one in newest.replies], newest.older) == ([5, 6], True)
    before = await here.actions.threads.get(ROOM, 1, before=5)
    assert ([one.seq for one in before.replies], before.older) == ([3, 4], True)
    first = await here.actions.threads.get(ROOM, 1, before=3)
    assert ([one.seq for one in first.replies], first.older) == ([2], False)


async def test_a_reply_to_a_room_that_is_deleted_meanwhile_harms_nobody(here: Services) -> None:
    await say(here, ADA)
    reply = await answer(here, BEN, 1, shown=True)
    await here.messages.delete_room(ROOM)
    await here.actions.threads._count_reply(reply)


async def test_the_cost_of_an_edit_is_the_same_however_many_replies_quote_it(
    here: Services,
) -> None:
    await say(here, ADA, "0")
    for _ in range(20):
        await answer(here, BEN, 1, shown=True)
    await at_rest(here)
    before = await here.messages.head(ROOM)
    await here.actions.messages.edit(ROOM, 1, ADA, "1")
    await at_rest(here)
    assert (await here.messages.head(ROOM)).change == before.change + 1
    page = await here.messages.newest(ROOM, await here.messages.head(ROOM))
    assert {one.quote for one in page.messages[1:]} == {Quote("Ada", "1")}


async def test_a_removed_text_is_gone_at_once_from_all_that_is_served(
    here: Services, there: Services, tab: Open
) -> None:
    watching = await tab(BEN)
    await say(here, ADA, "the secret")
    for _ in range(3):
        await answer(here, BEN, 1, shown=True)
    await at_rest(here, there)
    await watching.until(lambda dom: 4 in dom.messages)
    await here.actions.messages.remove(ROOM, 1, MANAGER, ADA)
    for served in (here, there):
        head = await served.messages.head(ROOM)
        page = await served.messages.newest(ROOM, head)
        missed = await served.messages.since(ROOM, Cursor())
        assert missed
        for some in (page.messages, missed.messages):
            assert "secret" not in str(served.renderer.messages(some))
    await watching.until(
        lambda dom: {dom.messages[seq].quote for seq in (2, 3, 4)} == {f"Ada {REMOVED}"}
    )


def test_a_message_is_changed_only_by_another_count() -> None:
    at = now()
    root = Message(ROOM, 1, ADA.id, "Ada", "x", at)
    assert replies_counted(Replies(1, at))(root) == {"replies": 1, "replied_at": at}
    answered = replace(root, replies=2, replied_at=at)
    assert replies_counted(Replies(2, at))(answered) is None
    assert replies_counted(Replies())(answered) == {"replies": 0, "replied_at": None}


def test_no_payload_becomes_markup_in_a_quote() -> None:
    renderer = Renderer()

    def quoting(body: str) -> list[object]:
        quote = quote_of(message(1, body))
        return skeleton(str(renderer.message(message(2, thread=1, shown=True, quote=quote))))

    plain = quoting("plain")
    assert quoting("plain text") == plain
    for payload in PAYLOADS:
        if payload.strip():
            assert quoting(payload) == plain, payload
