"""Which names nobody else may take: those that people and bots have, and those that look like one.

Each user's document holds the skeletons of its username in `looks`, under a unique index, and of
its display name in `display_looks`.
"""

import logging

from littlechat.accounts.schema import USERS
from littlechat.core import Invalid, fold, validate_username
from littlechat.platform import Database, Document, Duplicate, claim_unclaimed
from littlechat.text import comparable, is_reserved, list_looks

log = logging.getLogger(__name__)


def validate_new_username(raw: str) -> str:
    """Return a username that somebody new may choose; raise `Invalid`."""
    name = validate_username(raw)
    if is_reserved(name):
        raise Invalid(username=f"The username {name} is reserved: it seems to speak for everybody.")
    return name


def keys_of(name: str) -> Document:
    """Return the fields of a user's document by which a username is unique and found."""
    return {"key": fold(name), "search_key": comparable(name), "looks": list_looks(name)}


class Names:
    """The names that are taken."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def open(self) -> None:
        """Store the keys of accounts that an older version made without them.

        Two that look alike both stay, and the older one has the look.
        """
        for one in await self._db[USERS].find({"search_key": None}):
            key = comparable(str(one["name"]))
            await self._db[USERS].update({"_id": one["_id"]}, {"$set": {"search_key": key}})
        found = await self._db[USERS].find({"looks": None})
        for one in sorted(found, key=lambda it: it["created"]):
            name, looks = str(one["name"]), list_looks(str(one["name"]))
            if await claim_unclaimed(self._db[USERS], str(one["_id"]), "looks", looks):
                log.warning("a username looks like another", extra={"username": name})
        for one in await self._db[USERS].find({"faced": True, "display_looks": None}):
            if looks := list_looks(str(one.get("display", ""))):
                await self._db[USERS].update(
                    {"_id": one["_id"]}, {"$set": {"display_looks": looks}}
                )

    async def require_free(self, name: str, but: str = "") -> None:
        """Raise `Duplicate` if somebody has a name that equals or looks like this one.

        Display names count as well, since the two could be mistaken for each other. `but` is the
        id of a user who does not count.
        """
        looks = {"$in": list_looks(name)}
        for where in (
            {"key": fold(name)},
            {"display_key": fold(name)},
            {"looks": looks},
            {"display_looks": looks},
        ):
            holders = await self._db[USERS].find(where, limit=2)
            if any(one["_id"] != but for one in holders):
                raise Duplicate
