"""Counts how long nothing was heard of a process through Redis: of this one, and of the others.

Each process publishes a beat at intervals, and every process hears all of them, its own as well. A
connection to a server that stands still, or whose packets are dropped, gives no error: only the
silence shows it. Time is counted in beats that were due here, so that a process which was held up
itself, with what it has not read yet waiting, does not take its own delay for silence.
"""

BEAT_SECONDS = 0.5
SILENT_BEATS = 4
"""After so many beats without hearing its own, a process counts as disconnected."""

PEER_SILENT_BEATS = 6
"""The same for another process. It is more, since that one may be held up."""

PEER_GONE_BEATS = 120
"""After so many beats a silent process is taken to be dead, whom nothing can be missed from."""


class Heartbeat:
    """What one process heard."""

    def __init__(self, own_id: str) -> None:
        self._own_id = own_id
        self._unheard = 0
        self._peers: dict[str, int] = {}
        """How many beats ago each other process was heard."""

    def begin(self) -> None:
        """Count anew: a connection was made, and nobody could be heard before."""
        self._unheard = 0
        self._peers = dict.fromkeys(self._peers, 0)

    def tick(self) -> list[str]:
        """Count that a beat is due; return the processes that have just fallen silent."""
        self._unheard += 1
        self._peers = {
            peer: beats + 1 for peer, beats in self._peers.items() if beats < PEER_GONE_BEATS
        }
        return [peer for peer, beats in self._peers.items() if beats == PEER_SILENT_BEATS]

    def hear(self, sender_id: str, *, leaving: bool = False) -> None:
        """Note a beat, or that a process said it is stopping."""
        if sender_id == self._own_id:
            self._unheard = 0
        elif leaving:
            self._peers.pop(sender_id, None)
        else:
            self._peers[sender_id] = 0

    def is_silent(self, beats: int = SILENT_BEATS) -> bool:
        """Whether this process has not heard itself for so many beats."""
        return self._unheard >= beats

    def count_silent_peers(self) -> int:
        """Return how many other processes are silent, and not yet taken to be dead."""
        return sum(beats >= PEER_SILENT_BEATS for beats in self._peers.values())
