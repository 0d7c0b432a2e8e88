"""Whether the database answers, and how long an operation may wait for it.

A database that stands still keeps its connections: the driver's own timeouts are for each step, and
it tries some steps again, so that one operation could wait for half a minute.
"""

import logging

DEADLINE_SECONDS = 10.0
"""How long an operation may take in all, with its retries and the wait for a connection."""

SILENT_DEADLINE_SECONDS = 5.0
"""The same while the last operations were not answered, lest those of one request add up."""

READY_SECONDS = 3.0
"""How long the database may take to be called ready."""

log = logging.getLogger(__name__)


class DatabaseHealth:
    """What the last operation of this process showed. The log is told of a change alone."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.answers = True

    @property
    def deadline(self) -> float:
        """How long an operation that begins now may take, in seconds."""
        return DEADLINE_SECONDS if self.answers else SILENT_DEADLINE_SECONDS

    def note_answer(self) -> None:
        """Note that the database answered, be it with an error."""
        if not self.answers:
            self.answers = True
            log.warning("the database answers again", extra={"database": self._address})

    def note_silence(self) -> None:
        """Note that it did not answer, or could not be reached."""
        if self.answers:
            self.answers = False
            log.error("the database does not answer", extra={"database": self._address})
