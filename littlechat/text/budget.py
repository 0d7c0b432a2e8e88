"""How much work the marks of one message may make: what is over it stays text.

Without it a message of 8,000 characters takes up to a second, since marks may be looked at again
for every mark before them. Work is counted and not timed, so that a message always looks the same.
"""

from dataclasses import dataclass

STEPS_MAX = 6_000
"""For the marks within lines, of some microseconds each. A text of 8,000 characters that somebody
wrote takes a few hundred."""

STEPS_OF_MARK, STEPS_OF_LINK = 4, 40

BLOCKS_MAX = 500
"""Paragraphs, quotes, lists and items of lists."""

ADDRESSES_MAX = 150
"""Addresses that are judged, each alike one once."""

MENTIONS_MAX = 500


@dataclass(slots=True)
class Budget:
    """What is left for one message."""

    steps: int = STEPS_MAX
    blocks: int = BLOCKS_MAX
    addresses: int = ADDRESSES_MAX
    mentions: int = MENTIONS_MAX

    def spend(self, steps: int) -> bool:
        """Take steps; return whether there were any left."""
        self.steps -= steps
        return self.steps >= 0
