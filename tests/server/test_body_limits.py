"""Large bodies only where files are taken."""

from littlechat.app import BODY_BYTES_MAX
from tests.attacks import found_room, insiders
from tests.factories import Site


async def test_plain_form_is_small_even_where_files_are_taken(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await found_room(site, "Garden", ada)
        answer = await ada.post(f"/rooms/{room}/messages", body="a" * (BODY_BYTES_MAX + 1))
        assert answer.status_code == 413
        # Just below: taken whole, though more than what waits for a reader who takes parts.
        answer = await ada.post(f"/rooms/{room}/messages", body="a" * (BODY_BYTES_MAX - 100))
        assert answer.status_code == 422
