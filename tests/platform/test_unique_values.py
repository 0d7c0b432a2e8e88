"""Values of which each belongs to one document."""

from littlechat.accounts.schema import USERS
from littlechat.platform.database import Database
from littlechat.platform.unique_values import claim_unclaimed


async def test_a_document_gets_the_values_that_no_other_has(db: Database) -> None:
    for name in ("a", "b", "c"):
        await db[USERS].insert({"_id": name, "key": name})
    assert await claim_unclaimed(db[USERS], "a", "looks", ["x", "y"]) == set()
    assert await claim_unclaimed(db[USERS], "b", "looks", ["y", "z"]) == {"y"}
    assert await claim_unclaimed(db[USERS], "c", "looks", ["x", "z"]) == {"x", "z"}
    assert await claim_unclaimed(db[USERS], "a", "looks", ["x"]) == set()
    found = await db[USERS].find({"looks": "z"})
    assert [one["_id"] for one in found] == ["b"]
