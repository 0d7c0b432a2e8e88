"""Values of which each belongs to one document, in an array under a unique index.

It is for values that documents get later than at their making: an earlier version stored some of
which both would have the same value, and both are to stay.
"""

from collections.abc import Iterable

from littlechat.platform.database import Collection, Duplicate

TRIES = 5


async def claim_unclaimed(
    collection: Collection, document_id: str, field: str, values: Iterable[str]
) -> set[str]:
    """Give a document those of the values that no other has; return the others."""
    wanted, taken = sorted(set(values)), set[str]()
    for _ in range(TRIES):
        free = [one for one in wanted if one not in taken]
        if not free:
            break
        try:
            await collection.update({"_id": document_id}, {"$set": {field: free}})
            break
        except Duplicate:
            holders = await collection.find({field: {"$in": free}})
            others = [one for one in holders if one["_id"] != document_id]
            taken |= {value for one in others for value in one[field] if value in wanted}
    return taken
