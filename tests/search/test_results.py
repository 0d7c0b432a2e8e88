"""Where a page of results ends is passed on, and taken from nowhere else."""

import pytest

from littlechat.search.results import Place


@pytest.mark.parametrize(
    "text", ["", "1", "1-2", "x-1-r", "1-2-R", "1-2-r" + "x" * 60, f"{10**15}-1-r", "1-1-a\n"]
)
def test_place_from_outside_is_refused(text: str) -> None:
    assert Place.parse(text) is None


def test_place_is_read_as_it_was_written() -> None:
    place = Place(1_700_000_000_000, "garden-2", 17)
    assert Place.parse(str(place)) == place
