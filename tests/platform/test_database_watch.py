"""A database that runs and answers nobody is ended, and no other."""

import pytest

from littlechat.platform.database import Unavailable
from littlechat.platform.database_watch import FAILURES_MAX, end_when_silent


class Over(Exception):
    """The checks of a test are used up."""


@pytest.mark.parametrize(
    ("answers", "ended"),
    [
        ("+" * 20, 0),
        ("-" * (FAILURES_MAX - 1) + "+" + "-" * (FAILURES_MAX - 1), 0),
        ("-" * FAILURES_MAX, 1),
        ("+" + "-" * (2 * FAILURES_MAX) + "+", 2),
    ],
)
async def test_it_is_ended_after_so_many_checks_in_a_row_without_an_answer(
    answers: str, ended: int
) -> None:
    checks, ends = iter(answers), list[bool]()

    async def ping() -> None:
        if next(checks) == "-":
            raise Unavailable("no answer in time")

    async def pause(_: float) -> None:
        if len(pauses) == len(answers):
            raise Over
        pauses.append(True)

    pauses = list[bool]()
    with pytest.raises(Over):
        await end_when_silent(ping, lambda: ends.append(True), pause)
    assert len(ends) == ended
