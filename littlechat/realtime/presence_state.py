"""Who is in a room and who is typing there: one value a room, pure, the clock passed in.

Each process tells the others whom it serves, as snapshots that expire: a process that dies takes
its people with it after `SNAPSHOT_SECONDS`, and nothing needs to be cleaned up.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from littlechat.core import fold

TYPING_SECONDS = 5.0
"""How long a typing notice counts; pages renew it every 2 s."""

SNAPSHOT_SECONDS = 30.0
"""How long a process's snapshot counts; processes renew theirs every 10 s."""

TYPISTS_MAX = 50
"""More names than this are not kept: nobody can read them."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The names that one process serves in the room, all of them, and who of them is away."""

    process: str
    names: frozenset[str]
    away: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Typed:
    """Someone pressed a key."""

    name: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """Someone sent what they were typing."""

    name: str


Event = Snapshot | Typed | Stopped


@dataclass(slots=True)
class PresenceState:
    """One room's people. `online` and `typing` are sorted names, each person once.

    `away` are those of `online` who have touched none of their pages for a while.
    """

    online: tuple[str, ...] = ()
    away: frozenset[str] = frozenset()
    typing: tuple[str, ...] = ()
    _snapshots: dict[str, tuple[Snapshot, float]] = field(default_factory=dict)
    _typed: dict[str, float] = field(default_factory=dict)

    def apply(self, event: Event, now: float) -> bool:
        """Take in `event` at `now` seconds; return whether anything that shows changed."""
        self._forget(now)
        match event:
            case Snapshot(process, names) as here if names:
                self._snapshots[process] = (here, now + SNAPSHOT_SECONDS)
            case Snapshot(process):
                self._snapshots.pop(process, None)
            case Typed(name) if name in self._typed or len(self._typed) < TYPISTS_MAX:
                self._typed[name] = now + TYPING_SECONDS
            case Stopped(name):
                self._typed.pop(name, None)
        return self._look()

    def tick(self, now: float) -> bool:
        """Forget what expired by `now` seconds; return whether anything that shows changed."""
        self._forget(now)
        return self._look()

    def _forget(self, now: float) -> None:
        self._snapshots = {p: s for p, s in self._snapshots.items() if s[1] > now}
        self._typed = {name: until for name, until in self._typed.items() if until > now}

    def _look(self) -> bool:
        snapshots = [here for here, _ in self._snapshots.values()]
        online = _sorted({name for here in snapshots for name in here.names})
        present = {name for here in snapshots for name in here.names - here.away}
        away, typing = frozenset(online) - present, _sorted(self._typed)
        changed = (online, away, typing) != (self.online, self.away, self.typing)
        self.online, self.away, self.typing = online, away, typing
        return changed

    def next_expiry(self) -> float | None:
        """Return the time in seconds at which `tick` next has something to forget."""
        return min(
            [until for _, until in self._snapshots.values()] + list(self._typed.values()),
            default=None,
        )


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda name: (fold(name), name)))
