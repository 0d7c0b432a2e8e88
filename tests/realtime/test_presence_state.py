"""Who is here and who is typing, told from events in any order, with time as a number."""

from hypothesis import given
from hypothesis import strategies as st

from littlechat.realtime.presence_state import (
    SNAPSHOT_SECONDS,
    TYPING_SECONDS,
    TYPISTS_MAX,
    Event,
    PresenceState,
    Snapshot,
    Stopped,
    Typed,
)


def here(process: str, *names: str) -> Snapshot:
    return Snapshot(process, frozenset(names))


def online(presence: PresenceState) -> list[str]:
    return list(presence.online)


def typing(presence: PresenceState) -> list[str]:
    return list(presence.typing)


def test_nobody_is_here_at_first() -> None:
    presence = PresenceState()
    assert (presence.online, presence.typing, presence.next_expiry()) == ((), (), None)
    assert not presence.tick(1e9)


def test_people_of_all_processes_are_here_each_once_and_sorted_whatever_their_case() -> None:
    presence = PresenceState()
    assert presence.apply(here("a", "cleo", "Ben"), 0)
    assert presence.apply(here("b", "Ben", "Ada"), 1)
    assert online(presence) == ["Ada", "Ben", "cleo"]


def test_who_is_away_on_every_process_is_away_and_comes_back() -> None:
    presence = PresenceState()
    both = frozenset({"Ada", "Ben"})
    presence.apply(Snapshot("a", both, both), 0)
    assert presence.away == both
    assert presence.apply(Snapshot("b", frozenset({"Ben"})), 1)
    assert presence.away == {"Ada"}
    assert presence.apply(Snapshot("b", frozenset({"Ben"}), frozenset({"Ben"})), 2)
    assert presence.away == both
    assert presence.apply(Snapshot("a", both), 3)
    assert presence.away == frozenset()


def test_snapshot_replaces_the_one_before_from_its_process() -> None:
    presence = PresenceState()
    presence.apply(here("a", "Ada", "Ben"), 0)
    assert presence.apply(here("a", "Ben", "Cleo"), 1)
    assert online(presence) == ["Ben", "Cleo"]
    assert presence.apply(here("a"), 2)
    assert online(presence) == []
    assert presence.next_expiry() is None


def test_one_of_two_processes_leaving_takes_only_its_own_people() -> None:
    presence = PresenceState()
    presence.apply(here("a", "Ada", "Ben"), 0)
    presence.apply(here("b", "Ben"), 0)
    presence.apply(here("a"), 1)
    assert online(presence) == ["Ben"]


def test_process_that_died_takes_its_people_with_it() -> None:
    presence = PresenceState()
    presence.apply(here("dead", "Ada"), 0)
    presence.apply(here("alive", "Ben"), 20)
    assert not presence.tick(SNAPSHOT_SECONDS - 0.01)
    assert presence.tick(SNAPSHOT_SECONDS)
    assert online(presence) == ["Ben"]


def test_renewed_snapshot_changes_nothing_that_shows() -> None:
    presence = PresenceState()
    presence.apply(here("a", "Ada"), 0)
    assert not presence.apply(here("a", "Ada"), 10)
    assert not presence.tick(SNAPSHOT_SECONDS + 9.99)
    assert presence.tick(SNAPSHOT_SECONDS + 10)


def test_typing_fades_unless_renewed() -> None:
    presence = PresenceState()
    assert presence.apply(Typed("Ada"), 0)
    assert not presence.apply(Typed("Ada"), 2)
    assert not presence.tick(TYPING_SECONDS + 1.99)
    assert typing(presence) == ["Ada"]
    assert presence.tick(TYPING_SECONDS + 2)
    assert typing(presence) == []


def test_sending_ends_typing_at_once() -> None:
    presence = PresenceState()
    presence.apply(Typed("Ada"), 0)
    presence.apply(Typed("Ben"), 0)
    assert presence.apply(Stopped("Ada"), 1)
    assert typing(presence) == ["Ben"]
    assert not presence.apply(Stopped("Dan"), 1)


def test_number_of_typists_is_bounded_and_old_ones_make_room() -> None:
    presence = PresenceState()
    for number in range(TYPISTS_MAX + 10):
        presence.apply(Typed(f"p{number:03}"), 0)
    assert len(presence.typing) == TYPISTS_MAX
    assert presence.apply(Typed("Ada"), TYPING_SECONDS)
    assert typing(presence) == ["Ada"]


names = st.sampled_from(["Ada", "Ben", "Cleo", "Dan"])
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Snapshot, st.sampled_from("xyz"), st.frozensets(names)),
    st.builds(Typed, names),
    st.builds(Stopped, names),
)
steps = st.lists(st.tuples(st.floats(0, 20), events))


@given(steps)
def test_presence_is_the_last_word_of_each_that_has_not_expired(
    schedule: list[tuple[float, Event]],
) -> None:
    presence, now = PresenceState(), 0.0
    said: dict[tuple[str, str], tuple[frozenset[str], float]] = {}
    for pause, event in schedule:
        now += pause
        match event:
            case Snapshot(process, people):
                said["here", process] = (people, now + SNAPSHOT_SECONDS)
            case Typed(name):
                said["typed", name] = (frozenset({name}), now + TYPING_SECONDS)
            case Stopped(name):
                said.pop(("typed", name), None)
        before = (presence.online, presence.typing)
        changed = presence.apply(event, now)
        assert changed == (before != (presence.online, presence.typing))
        for kind, shown in (("here", presence.online), ("typed", presence.typing)):
            alive = [who for (k, _), (who, until) in said.items() if k == kind and until > now]
            assert shown == tuple(sorted(frozenset().union(*alive)))


@given(steps)
def test_next_expiry_is_when_something_next_changes_by_itself(
    schedule: list[tuple[float, Event]],
) -> None:
    presence, now = PresenceState(), 0.0
    for pause, event in schedule:
        now += pause
        presence.apply(event, now)
    while (expiry := presence.next_expiry()) is not None:
        assert expiry > now
        assert not presence.tick((now + expiry) / 2)
        now = expiry
        presence.tick(now)
    assert (presence.online, presence.typing) == ((), ())
