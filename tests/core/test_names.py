"""Names that are the same to people, and ids."""

import re

import pytest

from littlechat.core.names import fold, new_id


@pytest.mark.parametrize(
    ("one", "other"), [("Ada", "ADA"), ("Straße", "STRASSE"), ("Zoë", "Zoe\u0308"), ("ﬁn", "Fin")]
)
def test_names_that_differ_in_case_or_spelling_alone_fold_to_one(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_different_names_fold_apart() -> None:
    assert len({fold(name) for name in ("Ada", "Adá", "Ad", "Adaa")}) == 4


def test_ids_do_not_repeat_and_need_no_escaping() -> None:
    ids = [new_id() for _ in range(1_000)]
    assert len(set(ids)) == 1_000
    assert all(re.fullmatch(r"[a-z2-7]{15}", one) for one in ids)
