"""The manifest lists segments, and chooses which to merge."""

from littlechat.core.names import new_id
from littlechat.search import segments
from littlechat.search.manifest import Entry, Manifest, choose_to_merge


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
