"""Puts numbered items back into their order: each once, no number skipped. Pure."""

from dataclasses import dataclass, field

EARLY_MAX = 1_000
"""How many items are kept that arrived early; beyond it, reading the store is quicker."""


@dataclass(slots=True)
class Series:
    """A numbered series of which everything up to `last` has been handed out."""

    last: int = 0
    _early: dict[int, str] = field(default_factory=dict)
    _furthest: int = 0

    def offer(self, number: int, item: str) -> None:
        """Add one item; items may come in any order and repeatedly."""
        self._furthest = max(self._furthest, number)
        if number > self.last and len(self._early) < EARLY_MAX:
            self._early[number] = item

    def take(self) -> list[tuple[int, str]]:
        """Return, with their numbers, all items that are next in the order."""
        ready = []
        while (item := self._early.pop(self.last + 1, None)) is not None:
            self.last += 1
            ready.append((self.last, item))
        return ready

    @property
    def has_gap(self) -> bool:
        """Whether, after `take`, something was offered that could not be handed out yet."""
        # Compared with the highest number offered: items beyond `EARLY_MAX` were not kept.
        return self._furthest > self.last

    def skip_to(self, number: int) -> None:
        """Count everything up to `number` as handed out: it was read from the store."""
        self.last = max(self.last, number)
        self._early = {n: item for n, item in self._early.items() if n > self.last}
