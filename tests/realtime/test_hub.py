"""Sockets with bounded outboxes: what is shed, what closes, who is kicked, who waits for whom."""

import asyncio
import re
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from littlechat.realtime import hub as module
from littlechat.realtime.frames import pack
from littlechat.realtime.hub import (
    OUTBOX_BYTES,
    OVERLOAD,
    POLICY,
    RESTART,
    Counters,
    Hub,
    Socket,
)
from tests.factories import WAIT_SECONDS

HALF = "h" * (OUTBOX_BYTES // 2)


class Peer:
    """A browser that takes what is sent, and may be told not to."""

    def __init__(self) -> None:
        self.frames: list[str] = []
        self.reads = asyncio.Event()
        self.reads.set()
        self.came = asyncio.Event()

    async def take(self, frame: str) -> None:
        self.frames.append(frame)
        self.came.set()
        await self.reads.wait()


def socket(peer: Peer, hub: Hub | None = None, user: str = "u1", name: str = "Ada") -> Socket:
    return (hub or Hub()).open(user, name, f"session of {user}", peer.take)


def put(one: Socket, frame: str) -> None:
    one.put(frame, len(frame.encode()))


def put_ephemeral(one: Socket, kind: str, frame: str) -> None:
    one.put_ephemeral(kind, frame, len(frame.encode()))


async def closed(one: Socket) -> int:
    """Write until the socket closes; return with which code."""
    return await asyncio.wait_for(one.write(), WAIT_SECONDS)


async def written(one: Socket, peer: Peer) -> str:
    """Return the next frame that the peer gets of what is queued."""
    peer.came.clear()
    writing = asyncio.create_task(one.write())
    await asyncio.wait_for(peer.came.wait(), WAIT_SECONDS)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    return peer.frames[-1]


# One outbox


async def test_everything_pending_goes_as_one_frame_and_passing_frames_last() -> None:
    peer = Peer()
    one = socket(peer)
    put_ephemeral(one, "typing", "[typing]")
    for number in range(3):
        put(one, f"[{number}]")
    assert await written(one, peer) == "[0][1][2][typing]"
    assert peer.frames == ["[0][1][2][typing]"]
    assert (one.counters.frames, one.counters.delivered) == (1, 3)


async def test_what_comes_during_a_send_waits_for_one_next_frame() -> None:
    peer = Peer()
    one = socket(peer)
    peer.reads.clear()
    writing = asyncio.create_task(one.write())
    put(one, "first")
    await asyncio.wait_for(peer.came.wait(), WAIT_SECONDS)
    for number in range(20):
        put(one, f"<{number}>")
    peer.came.clear()
    peer.reads.set()
    await asyncio.wait_for(peer.came.wait(), WAIT_SECONDS)
    assert peer.frames == ["first", "".join(f"<{number}>" for number in range(20))]
    one.close(RESTART)
    assert await asyncio.wait_for(writing, WAIT_SECONDS) == RESTART


async def test_passing_frame_makes_the_one_before_of_its_kind_void() -> None:
    peer = Peer()
    one = socket(peer)
    put_ephemeral(one, "typing", "[Ada]")
    put_ephemeral(one, "online", "[two]")
    put_ephemeral(one, "typing", "[nobody]")
    frame = await written(one, peer)
    assert sorted(re.findall(r"\[\w+\]", frame)) == ["[nobody]", "[two]"]


async def test_full_outbox_sheds_passing_frames_before_it_closes() -> None:
    peer = Peer()
    one = socket(peer)
    put(one, HALF)
    put_ephemeral(one, "typing", "t" * 100)
    put(one, HALF)
    assert one.close_code is None
    assert one.counters.shed == 1
    put_ephemeral(one, "online", "o")
    assert one.counters.shed == 2
    assert await written(one, peer) == HALF + HALF
    put(one, HALF)
    put(one, HALF)
    put(one, "x")
    assert one.counters.overflowed == 1
    assert await closed(one) == OVERLOAD
    assert peer.frames == [HALF + HALF]


async def test_void_passing_frame_is_not_kept_when_the_new_one_finds_no_room() -> None:
    peer = Peer()
    one = socket(peer)
    put_ephemeral(one, "typing", "[Ada]")
    put(one, HALF)
    put_ephemeral(one, "typing", HALF + "x")
    assert await written(one, peer) == HALF


async def test_room_for_a_passing_frame_includes_what_it_makes_void() -> None:
    peer = Peer()
    one = socket(peer)
    put(one, "x")
    put_ephemeral(one, "online", HALF)
    put_ephemeral(one, "online", HALF + "new")
    assert one.counters.shed == 0
    assert (await written(one, peer)).endswith("new")


@pytest.mark.parametrize("passing", [False, True], ids=["lasting", "passing"])
async def test_empty_outbox_takes_a_frame_of_any_size(passing: bool) -> None:
    peer = Peer()
    one = socket(peer)
    frame = "x" * (3 * OUTBOX_BYTES)
    if passing:
        put_ephemeral(one, "online", frame)
    else:
        put(one, frame)
    assert await written(one, peer) == frame
    assert one.close_code is None


async def test_bound_counts_bytes_and_not_characters() -> None:
    one = socket(Peer())
    put(one, "x")
    put(one, "€" * (OUTBOX_BYTES // 2))
    assert one.close_code == OVERLOAD


async def test_first_close_code_is_the_one_that_is_sent() -> None:
    one = socket(Peer())
    one.close(POLICY)
    one.close(RESTART)
    assert await closed(one) == POLICY


async def test_kick_says_why_and_the_first_reason_stands() -> None:
    hub = Hub()
    one = socket(Peer(), hub)
    hub.kick(user="u1", reason="banned")
    hub.kick(user="u1", reason="signed out")
    assert (one.close_code, one.close_reason) == (POLICY, "banned")


async def test_nothing_is_sent_after_the_close() -> None:
    peer = Peer()
    one = socket(peer)
    writing = asyncio.create_task(one.write())
    await asyncio.sleep(0)
    put(one, "before, but not yet sent")
    one.close(POLICY)
    put(one, "after")
    put_ephemeral(one, "online", "after")
    assert await asyncio.wait_for(writing, WAIT_SECONDS) == POLICY
    assert peer.frames == []
    assert one.counters.delivered == 0


async def test_peer_that_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WRITE_SECONDS", 0.01)
    peer = Peer()
    one = socket(peer)
    peer.reads.clear()
    put(one, "x")
    assert await closed(one) == OVERLOAD
    assert (one.counters.overflowed, one.counters.delivered) == (1, 0)


async def test_kick_does_not_wait_for_a_peer_that_takes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert module.CLOSE_SECONDS < 1 < WAIT_SECONDS < module.WRITE_SECONDS
    monkeypatch.setattr(module, "CLOSE_SECONDS", 0.01)
    peer, hub = Peer(), Hub()
    one = socket(peer, hub)
    peer.reads.clear()
    put(one, "x")
    writing = asyncio.create_task(one.write())
    await asyncio.wait_for(peer.came.wait(), WAIT_SECONDS)
    assert hub.kick(user="u1") == 1
    assert await asyncio.wait_for(writing, WAIT_SECONDS) == POLICY
    assert hub.counters.overflowed == 0


async def test_broken_connection_is_the_writers_to_tell() -> None:
    async def broken(frame: str) -> None:
        raise ConnectionResetError(frame)

    one = Hub().open("u1", "Ada", "s1", broken)
    put(one, "x")
    with pytest.raises(ConnectionResetError):
        await closed(one)


async def test_slow_peer_does_not_delay_the_others() -> None:
    hub, slow, quick = Hub(), Peer(), Peer()
    sockets = [socket(slow, hub, "u1"), socket(quick, hub, "u2")]
    slow.reads.clear()
    writing = [asyncio.create_task(one.write()) for one in sockets]
    for one in sockets:
        hub.join(one, "room:a")
    for number in range(5):
        quick.came.clear()
        hub.deliver("room:a", f"<{number}>")
        await asyncio.wait_for(quick.came.wait(), WAIT_SECONDS)
    assert quick.frames == [f"<{number}>" for number in range(5)]
    assert slow.frames == ["<0>"]
    slow.reads.set()
    for one in sockets:
        one.close(RESTART)
    await asyncio.gather(*writing)


# Past the writer


class Line:
    """A connection that takes frames at once, and may be told not to."""

    def __init__(self) -> None:
        self.peer = Peer()
        self.written: list[bytes] = []
        self.takes = True

    def write_now(self, frame: bytes) -> bool:
        if self.takes:
            self.written.append(frame)
            self.peer.frames.append(frame[-1:].decode())
        return self.takes

    async def open(self, hub: Hub, topic: str = "room:a") -> tuple[Socket, asyncio.Task[int]]:
        """Return a socket in the topic, and its writer, which waits for something to do."""
        one = hub.open("u1", "Ada", "s1", self.peer.take, self.write_now)
        hub.join(one, topic)
        writing = asyncio.create_task(one.write())
        await asyncio.sleep(0)
        return one, writing


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not condition():
            await asyncio.sleep(0)


async def test_who_keeps_up_is_sent_to_at_once_and_all_the_very_same_bytes() -> None:
    hub, lines = Hub(), [Line() for _ in range(3)]
    opened = [await line.open(hub) for line in lines]
    hub.deliver("room:a", "news")
    hub.deliver_ephemeral("room:a", "typing", "[Ada]")
    for line in lines:
        assert line.written == [pack(b"news"), pack(b"[Ada]")]
        assert line.written[0] is lines[0].written[0]
    assert (hub.counters.frames, hub.counters.delivered) == (6, 3)
    for one, writing in opened:
        one.close(RESTART)
        assert await writing == RESTART


async def test_frame_that_has_to_wait_is_overtaken_by_none() -> None:
    hub, line = Hub(), Line()
    one, writing = await line.open(hub)
    hub.deliver("room:a", "1")
    line.takes = False
    hub.deliver("room:a", "2")
    line.takes = True
    hub.deliver("room:a", "3")
    put(one, "4")  # Not for many, so not packed.
    hub.deliver_ephemeral("room:a", "typing", "5")
    line.peer.reads.clear()
    await asyncio.wait_for(line.peer.came.wait(), WAIT_SECONDS)
    hub.deliver("room:a", "6")  # A send is under way.
    line.peer.reads.set()
    await until(lambda: len(line.peer.frames) == 3)
    await asyncio.sleep(0)
    hub.deliver("room:a", "7")
    assert line.peer.frames == ["1", "2345", "6", "7"]
    assert (hub.counters.frames, hub.counters.delivered) == (4, 6)
    writing.cancel()


async def test_nothing_is_written_past_a_writer_that_is_not_there_or_has_ended() -> None:
    hub, line = Hub(), Line()
    one = hub.open("u1", "Ada", "s1", line.peer.take, line.write_now)
    hub.join(one, "room:a")
    hub.deliver("room:a", "before the handshake is answered")
    assert line.written == []
    writing = asyncio.create_task(one.write())
    await until(lambda: line.peer.frames)
    await asyncio.sleep(0)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    hub.deliver("room:a", "when the handler has ended")
    assert line.written == []


async def test_nothing_is_written_at_once_after_the_close() -> None:
    hub, line = Hub(), Line()
    _, writing = await line.open(hub)
    hub.kick(user="u1")
    hub.deliver("room:a", "after")
    hub.deliver_ephemeral("room:a", "typing", "after")
    assert await asyncio.wait_for(writing, WAIT_SECONDS) == POLICY
    assert line.peer.frames == []
    assert hub.counters.delivered == 0


@given(st.lists(st.sampled_from(["deliver", "joiner", "refuse", "take", "turn"]), max_size=40))
def test_frames_arrive_once_and_in_order_whichever_way_they_go(schedule: list[str]) -> None:
    async def play() -> None:
        hub, line, sent = Hub(), Line(), 0
        one, writing = await line.open(hub)
        for act in schedule:
            if act in ("deliver", "joiner"):
                frame, sent = chr(sent + 0x30), sent + 1
                hub.deliver("room:a", frame) if act == "deliver" else put(one, frame)
            elif act == "turn":
                await asyncio.sleep(0)
            else:
                line.takes = act == "take"
        for _ in range(3):
            await asyncio.sleep(0)
        assert "".join(line.peer.frames) == "".join(chr(n + 0x30) for n in range(sent))
        assert hub.counters.delivered == sent
        writing.cancel()

    asyncio.run(play())


sizes = st.one_of(st.integers(0, 20), st.integers(0, OUTBOX_BYTES + 20))
acts = st.lists(
    st.one_of(
        st.tuples(st.just("put"), sizes),
        st.tuples(st.sampled_from(["typing", "online", "beat"]), sizes),
        st.tuples(st.sampled_from(["drain", "close"]), st.just(0)),
    ),
    max_size=30,
)


@given(acts)
def test_bytes_counted_are_bytes_held_and_never_beyond_the_bound(
    schedule: list[tuple[str, int]],
) -> None:
    async def play() -> None:
        one = Socket("u1", "Ada", "s1", Peer().take, Counters())
        for act, size in schedule:
            if act == "put":
                one.put("x" * size, size)
            elif act == "drain":
                await one._drain()
            elif act == "close":
                one.close(POLICY)
            else:
                one.put_ephemeral(act, "é" * (size // 2), size // 2 * 2)
            held = [*one._frames, *one._ephemeral.values()]
            largest = max((len(frame.encode()) for frame in held), default=0)
            assert one._bytes == sum(len(frame.encode()) for frame in held)
            assert one._bytes <= max(OUTBOX_BYTES, largest)
            assert one.close_code is None or not held

    asyncio.run(play())


# Topics


async def test_frame_reaches_its_topic_and_nobody_else() -> None:
    hub, peers = Hub(), [Peer() for _ in range(4)]
    ada, ben, cleo, dan = (
        socket(peer, hub, name) for peer, name in zip(peers, "abcd", strict=True)
    )
    for one in (ada, ben, cleo):
        hub.join(one, "room:a")
    hub.join(dan, "room:b")
    hub.deliver("room:a", "news", but=[cleo])
    hub.deliver("room:nobody", "news")
    assert await written(ada, peers[0]) == await written(ben, peers[1]) == "news"
    for one in (cleo, dan):
        put(one, "end")
    assert (await written(cleo, peers[2]), await written(dan, peers[3])) == ("end", "end")


async def test_person_with_a_variant_gets_it_and_the_others_the_common_frame() -> None:
    hub, hers, his = Hub(), Peer(), Peer()
    ada, ben = socket(hers, hub, "u1", "Ada"), socket(his, hub, "u2", "Ben")
    for one in (ada, ben):
        hub.join(one, "room:a")
    hub.deliver_ephemeral("room:a", "typing", "[Ada types]", {"Ada": "[nobody]", "Dan": "[x]"})
    assert (await written(ada, hers), await written(ben, his)) == ("[nobody]", "[Ada types]")


async def test_who_leaves_gets_nothing_more_and_the_emptied_topics_are_returned() -> None:
    hub, peer = Hub(), Peer()
    ada, ben = socket(peer, hub), socket(Peer(), hub)
    hub.join(ada, "rooms")
    hub.join(ben, "rooms")
    hub.join(ada, "room:a")
    assert hub.leave(ada) == {"room:a"}
    hub.deliver("rooms", "late")
    put(ada, "end")
    assert await written(ada, peer) == "end"
    assert list(hub.members("rooms")) == [ben]
    assert hub.leave(ada) == set()
    assert hub.leave(ben) == {"rooms"}
    assert hub.sockets == set()


Choice = Callable[[Hub], int]


@pytest.mark.parametrize(
    ("kick", "kicked"),
    [
        (lambda hub: hub.kick(), ""),
        (lambda hub: hub.kick(user="ada"), "ada/a ada/b ada/2"),
        (lambda hub: hub.kick(user="dan"), ""),
        (lambda hub: hub.kick(topic="a"), "ada/a ben/a"),
        (lambda hub: hub.kick(user="ada", topic="a"), "ada/a"),
        (lambda hub: hub.kick(user="ada", topic="c"), ""),
        (lambda hub: hub.kick(sessions=["s-ada"]), "ada/a ada/b"),
        (lambda hub: hub.kick(sessions=iter(["s-ada-2", "s-ben"])), "ada/2 ben/a"),
        (lambda hub: hub.kick(sessions=["s-ben"], user="ada", topic="b"), "ada/b ben/a"),
    ],
)
async def test_kick_closes_those_it_names_and_only_those(kick: Choice, kicked: str) -> None:
    hub = Hub()
    sockets = {
        "ada/a": hub.open("ada", "Ada", "s-ada", Peer().take),
        "ada/b": hub.open("ada", "Ada", "s-ada", Peer().take),
        "ada/2": hub.open("ada", "Ada", "s-ada-2", Peer().take),
        "ben/a": hub.open("ben", "Ben", "s-ben", Peer().take),
    }
    for name, topic in (("ada/a", "a"), ("ada/b", "b"), ("ben/a", "a")):  # ada/2 shows no room
        hub.join(sockets[name], topic)
    assert kick(hub) == len(kicked.split())
    codes = {name: one.close_code for name, one in sockets.items()}
    assert codes == {name: POLICY if name in kicked.split() else None for name in sockets}


async def serve(hub: Hub, one: Socket, at: list[float]) -> int:
    """Do what a handler does: write until closed, then leave."""
    code = await one.write()
    at.append(asyncio.get_running_loop().time())
    hub.leave(one)
    return code


async def test_closing_all_is_spread_over_the_time_given() -> None:
    hub, at = Hub(), list[float]()
    serving: list[Awaitable[int]] = [
        asyncio.create_task(serve(hub, socket(Peer(), hub), at)) for _ in range(10)
    ]
    started = asyncio.get_running_loop().time()
    await hub.close_all(RESTART, 0.2)
    assert await asyncio.gather(*serving) == [RESTART] * 10
    assert hub.sockets == set()
    assert max(at) - started >= 0.15
    assert len({round(moment - started, 2) for moment in at}) >= 5


async def test_closing_nobody_takes_no_time() -> None:
    started = asyncio.get_running_loop().time()
    await Hub().close_all(RESTART, 60)
    assert asyncio.get_running_loop().time() - started < 1


async def test_closing_all_does_not_wait_for_ever_for_one_that_stays() -> None:
    hub = Hub()
    stuck = socket(Peer(), hub)
    await asyncio.wait_for(hub.close_all(RESTART, 0), WAIT_SECONDS)
    assert stuck.close_code == RESTART
