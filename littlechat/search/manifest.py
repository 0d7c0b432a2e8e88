"""What the search index is made of: its segments, and what is to be removed from them. No I/O."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from littlechat.platform import Document, now
from littlechat.search.segments import ROWS_MAX, Segment

FAN = 8
"""How many segments of one size are merged into one of the next."""

PAGES_MAX = 1_200
"""Pages of the segments that are merged: if each term in them is another, merging them takes
some 200 MB. The largest segment of what people write has 400."""

TIERS = (64, 512, 4_096, 32_768)
"""From how many messages on a segment is of the next size; from the last on it is not merged."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A segment as the manifest lists it. `low` and `high` are its first and last time."""

    id: str
    count: int
    low: int
    high: int
    pages: int = 0
    """How many pages of terms it has; 0 in manifests of earlier versions."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the index is made of, stored as one document.

    `retired` are segments to be deleted: merged ones with the time of the merge, and those being
    written with the time by which that must be done. `gone` are deleted rooms with the time up to
    which their messages are to be removed; `stale` are messages with the version below which their
    rows are to be removed. Times in `retired` are in seconds, all others in milliseconds.
    """

    version: int = 0
    entries: tuple[Entry, ...] = ()
    retired: tuple[tuple[str, float], ...] = ()
    gone: tuple[tuple[str, int], ...] = ()
    stale: tuple[tuple[str, int, int, int], ...] = ()

    def with_segment(self, segment: Segment, instead: Iterable[str] = ()) -> "Manifest":
        """Return the manifest with one more segment, which replaces those of the ids `instead`."""
        found = self.without(instead)
        retired = tuple(one for one in found.retired if one[0] != segment.id)
        return replace(found, retired=retired, entries=(*found.entries, _entry(segment)))

    def without(self, ids: Iterable[str]) -> "Manifest":
        """Return the manifest with some segments retired."""
        old, at = frozenset(ids), now().timestamp()
        kept = tuple(entry for entry in self.entries if entry.id not in old)
        return replace(
            self, entries=kept, retired=self.retired + tuple((one, at) for one in sorted(old))
        )

    def holds(self, ids: Iterable[str]) -> bool:
        """Whether all these segments are still listed."""
        return frozenset(ids) <= {entry.id for entry in self.entries}


def _entry(segment: Segment) -> Entry:
    return Entry(segment.id, segment.count, segment.low, segment.high, len(segment.fences))


def choose_to_merge(entries: Sequence[Entry]) -> list[Entry]:
    """Return segments of one size that should be merged, of the smallest size; may be none."""
    low = 0
    for high in TIERS:
        alike = sorted(
            (
                entry
                for entry in entries
                if low <= entry.count < high and entry.pages <= PAGES_MAX // 2
            ),
            key=lambda one: one.low,
        )
        if len(alike) >= FAN:
            return _that_fit(alike)
        low = high
    return []


def _that_fit(entries: Iterable[Entry]) -> list[Entry]:
    chosen: list[Entry] = []
    rows_left, pages_left = ROWS_MAX, PAGES_MAX
    for entry in entries:
        rows_left -= entry.count
        pages_left -= entry.pages
        if min(rows_left, pages_left) < 0:
            break
        chosen.append(entry)
    return chosen


def needs_scrub(segment: Segment, manifest: Manifest) -> bool:
    """Whether a segment may hold rows that are to be removed."""
    rooms = frozenset(segment.rooms)
    return any(room in rooms and segment.low <= at for room, at in manifest.gone) or any(
        room in rooms and segment.low <= at <= segment.high for room, _, _, at in manifest.stale
    )


def to_document(manifest: Manifest) -> Document:
    """Return the values of a manifest as they are stored, without an id."""
    return {
        "version": manifest.version,
        "entries": [[one.id, one.count, one.low, one.high, one.pages] for one in manifest.entries],
        "retired": [list(one) for one in manifest.retired],
        "gone": [list(one) for one in manifest.gone],
        "stale": [list(one) for one in manifest.stale],
    }


def from_document(document: Document) -> Manifest:
    """Return the manifest that a document holds."""
    return Manifest(
        version=int(document["version"]),
        entries=tuple(Entry(*one) for one in document["entries"]),
        retired=tuple((one[0], one[1]) for one in document["retired"]),
        gone=tuple((one[0], one[1]) for one in document["gone"]),
        stale=tuple((one[0], one[1], one[2], one[3]) for one in document["stale"]),
    )
