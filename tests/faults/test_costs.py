"""No text of 8,000 characters takes long: the worst that were found, and a search for worse ones.

`LITTLECHAT_FUZZ_EXAMPLES` says for how many texts a step the search goes on.
"""

import os

import pytest
from hypothesis import HealthCheck, given, settings, target
from hypothesis import strategies as st

from littlechat.core.limits import BODY_MAX
from tests.costs import CALLS_MAX, SECONDS_MAX, STEPS, UNITS, calls, filled, seconds

EXAMPLES = int(os.environ.get("LITTLECHAT_FUZZ_EXAMPLES", "4"))

ATOMS = (
    *"ab1é字를😀ﷺ\u0301\u200d.,:;!?*_~`[](){}<>@\uff20/#&=+-\\\"'%| \n\t",
    *("http://", "https://a", "www.", "www.a.bc", "mailto:", "a@b.cc", "](http://a", "```", "~~~"),
    *("- ", "1. ", "> ", "py", "@Ben", "@user1"),
)


@pytest.mark.parametrize("step", STEPS)
def test_worst_texts_known_take_bounded_work(step: str) -> None:
    worst = max(UNITS, key=lambda unit: seconds(STEPS[step], filled(unit, BODY_MAX // 8)))
    once, twice = (calls(STEPS[step], filled(worst, size)) for size in (BODY_MAX // 2, BODY_MAX))
    assert twice <= CALLS_MAX, worst
    assert twice <= 3 * once + 1_000, worst


@pytest.mark.parametrize("step", STEPS)
def test_worst_texts_known_take_little_time(step: str) -> None:
    for unit in UNITS[:: max(1, len(UNITS) // 12)]:
        assert seconds(STEPS[step], filled(unit)) <= SECONDS_MAX, unit


@pytest.mark.parametrize("step", STEPS)
def test_no_text_that_is_looked_for_takes_more(step: str) -> None:
    @settings(
        max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(st.lists(st.sampled_from(ATOMS), min_size=1, max_size=10).map("".join))
    def look(unit: str) -> None:
        count = calls(STEPS[step], filled(unit))
        target(float(count), label="calls")
        assert count <= CALLS_MAX

    look()
