"""Puts numbered things back into their order: each once, no number skipped. Pure."""

from dataclasses import dataclass, field

EARLY_MAX = 1_000
"""Things kept that came ahead of their turn; beyond it the store is quicker than waiting."""


@dataclass(slots=True)
class Series:
    """A series of which everything up to `last` has been handed out."""

    last: int = 0
    _early: dict[int, str] = field(default_factory=dict)
    _furthest: int = 0

    def offer(self, number: int, thing: str) -> None:
        """Take in one thing, in any order and any number of times."""
        self._furthest = max(self._furthest, number)
        if number > self.last and len(self._early) < EARLY_MAX:
            self._early[number] = thing

    def take(self) -> list[tuple[int, str]]:
        """Hand out, with their numbers, all things whose turn it is."""
        ready = []
        while (thing := self._early.pop(self.last + 1, None)) is not None:
            self.last += 1
            ready.append((self.last, thing))
        return ready

    @property
    def has_gap(self) -> bool:
        """Whether, after `take`, something was offered that could not be handed out yet."""
        # Not whether something waits: what found no room must be fetched as well.
        return self._furthest > self.last

    def jump(self, number: int) -> None:
        """Count everything up to `number` as handed out, since the store told it."""
        self.last = max(self.last, number)
        self._early = {n: thing for n, thing in self._early.items() if n > self.last}
