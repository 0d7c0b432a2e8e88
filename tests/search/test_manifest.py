"""The manifest lists segments, and chooses which to merge."""

from littlechat.core.names import new_id
from littlechat.search import segments
from littlechat.search.manifest import (
    PAGES_MAX,
    Entry,
    Manifest,
    choose_to_merge,
    from_document,
    to_document,
)


def entries(*counts: int) -> list[Entry]:
    return [Entry(new_id(), count, n, n) for n, count in enumerate(counts)]


def test_segments_of_one_size_are_chosen_and_fit_together() -> None:
    assert choose_to_merge(entries(*[1] * 7)) == []
    assert [one.count for one in choose_to_merge(entries(*[1] * 8, 100))] == [1] * 8
    assert choose_to_merge(entries(*[60_000] * 20)) == []
    large = choose_to_merge(entries(*[20_000] * 8))
    assert [one.count for one in large] == [20_000] * 3
    assert sum(one.count for one in large) <= segments.ROWS_MAX


def test_manifest_knows_what_it_names() -> None:
    manifest = Manifest(entries=tuple(entries(1, 2)))
    ids = [entry.id for entry in manifest.entries]
    assert manifest.holds(ids)
    assert not manifest.without(ids[:1]).holds(ids)
    assert [id_ for id_, _ in manifest.without(ids[:1]).retired] == ids[:1]


def test_what_takes_much_memory_to_merge_is_merged_in_parts_or_left() -> None:
    heavy = [Entry(new_id(), 100, n, n, PAGES_MAX // 3) for n in range(8)]
    assert len(choose_to_merge(heavy)) == 3
    assert choose_to_merge([Entry(new_id(), 100, n, n, PAGES_MAX) for n in range(20)]) == []


def test_a_manifest_of_an_earlier_version_is_read() -> None:
    manifest = Manifest(entries=(Entry("a", 1, 2, 3, 4),))
    document = to_document(manifest)
    assert from_document(document) == manifest
    document["entries"] = [["a", 1, 2, 3]]
    assert from_document(document).entries == (Entry("a", 1, 2, 3, 0),)
