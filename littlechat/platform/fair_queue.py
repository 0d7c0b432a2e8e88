"""A bounded queue in front of something costly, fair between those who ask.

Whoever asks for much waits behind themselves alone: each line gets one turn after the other. When
the queue is full, the last of the longest line makes room, and is told when to come again.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import ceil

TURN_SECONDS = 0.25
"""About how long a turn takes, for what is said to who finds the queue full."""


class Busy(Exception):
    """The queue is full; `retry_after` is in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after


Line = tuple[bool, str]
"""Whether those in it come before the others, and who they are."""


class FairQueue:
    """Lets `at_once` turns be taken at a time, and `waiting_max` wait; None is no bound."""

    def __init__(self, at_once: int, waiting_max: int | None) -> None:
        self._free, self._at_once, self._waiting_max = at_once, at_once, waiting_max
        # In the order in which the lines get their turns; none is empty.
        self._lines: dict[Line, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def take(self, who: str, *, first: bool = False) -> AsyncIterator[None]:
        """Wait for a turn and keep it within the block; raise `Busy` if the queue is full.

        With `first` it comes before all turns without.
        """
        if self._free:
            self._free -= 1
        else:
            await self._wait((first, who))
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, line: Line) -> None:
        self._make_room(line)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines.setdefault(line, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._pass_on()
            else:
                self._forget(line, turn)
            raise

    def _make_room(self, line: Line) -> None:
        waiting = sum(map(len, self._lines.values()))
        if self._waiting_max is None or waiting < self._waiting_max:
            return
        busy = Busy(max(1, ceil(waiting * TURN_SECONDS / self._at_once)))
        # Of lines of one length, one that does not come first makes room.
        longest = max(self._lines, key=lambda one: (len(self._lines[one]), not one[0]))
        own = len(self._lines.get(line, ()))
        comes_before = line[0] and not longest[0]
        if len(self._lines[longest]) <= own + 1 and not comes_before:
            raise busy
        last = self._lines[longest][-1]
        self._forget(longest, last)
        last.set_exception(busy)

    def _forget(self, line: Line, turn: asyncio.Future[None]) -> None:
        if turn in (turns := self._lines.get(line, ())):
            self._lines[line].remove(turn)
            if not turns:
                del self._lines[line]

    def _pass_on(self) -> None:
        while self._lines:
            line = next((one for one in self._lines if one[0]), next(iter(self._lines)))
            turns = self._lines.pop(line)
            turn = turns.popleft()
            if turns:
                self._lines[line] = turns  # Behind the others.
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
