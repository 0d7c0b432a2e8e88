"""Who is present and who is typing, computed from events. Pure: the time is passed in.

Each process publishes the names of those it serves as snapshots that expire: the people of a
process that dies are gone after `SNAPSHOT_SECONDS`, and nothing needs to be cleaned up.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from littlechat.core import fold

TYPING_SECONDS = 5.0
"""How long somebody counts as typing; pages renew it every 2 s."""

SNAPSHOT_SECONDS = 30.0
"""How long a snapshot is valid; processes renew theirs every 10 s."""

TYPISTS_MAX = 50
"""More names than this are not kept: nobody can read them."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All the usernames that one process serves, and which of them are away."""

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
    """Those present in a room or anywhere. `online` and `typing` are sorted usernames, each once.

    `away` are those of `online` who have used none of their pages for a while.
    """

    online: tuple[str, ...] = ()
    away: frozenset[str] = frozenset()
    typing: tuple[str, ...] = ()
    _snapshots: dict[str, tuple[Snapshot, float]] = field(default_factory=dict)
    _typed: dict[str, float] = field(default_factory=dict)

    def apply(self, event: Event, now: float) -> bool:
        """Apply `event` at `now` seconds; return whether a public field changed."""
        self._expire(now)
        match event:
            case Snapshot(process, names) as snapshot if names:
                self._snapshots[process] = (snapshot, now + SNAPSHOT_SECONDS)
            case Snapshot(process):
                self._snapshots.pop(process, None)
            case Typed(name) if name in self._typed or len(self._typed) < TYPISTS_MAX:
                self._typed[name] = now + TYPING_SECONDS
            case Stopped(name):
                self._typed.pop(name, None)
        return self._refresh()

    def tick(self, now: float) -> bool:
        """Remove what has expired at `now` seconds; return whether a public field changed."""
        self._expire(now)
        return self._refresh()

    def _expire(self, now: float) -> None:
        self._snapshots = {p: s for p, s in self._snapshots.items() if s[1] > now}
        self._typed = {name: until for name, until in self._typed.items() if until > now}

    def _refresh(self) -> bool:
        snapshots = [snapshot for snapshot, _ in self._snapshots.values()]
        online = _sorted({name for one in snapshots for name in one.names})
        present = {name for one in snapshots for name in one.names - one.away}
        away, typing = frozenset(online) - present, _sorted(self._typed)
        changed = (online, away, typing) != (self.online, self.away, self.typing)
        self.online, self.away, self.typing = online, away, typing
        return changed

    def next_expiry(self) -> float | None:
        """Return the time in seconds at which `tick` next has something to remove, or None."""
        return min(
            [until for _, until in self._snapshots.values()] + list(self._typed.values()),
            default=None,
        )


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda name: (fold(name), name)))
