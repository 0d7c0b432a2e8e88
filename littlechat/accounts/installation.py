"""What this installation is called, and its public address; each process keeps them at hand."""

import unicodedata

from littlechat.accounts.schema import SETTINGS
from littlechat.core import Invalid, is_blank, origin_of
from littlechat.platform import Database

INSTALLATION = "installation"
"""Its document among the settings."""

NAME_DEFAULT = "littlechat"
INSTALLATION_NAME_MAX = 40


def validate_installation_name(raw: str) -> str:
    """Return a name on one line, the default for none; raise `Invalid`."""
    name = " ".join(unicodedata.normalize("NFC", raw[: INSTALLATION_NAME_MAX * 8]).split())
    if not name:
        return NAME_DEFAULT
    if len(name) > INSTALLATION_NAME_MAX:
        raise Invalid(installation=f"A name has at most {INSTALLATION_NAME_MAX} characters here.")
    if not name.isprintable() or is_blank(name):
        raise Invalid(installation="Use letters that can be seen.")
    return name


def validate_public_address(raw: str) -> str:
    """Return an origin, empty for none; raise `Invalid`."""
    if not raw.strip():
        return ""
    origin = origin_of(raw)
    if origin is None:
        raise Invalid(address="Give the address that people open, such as https://chat.example.")
    return origin


class Installation:
    """The store of both. `name` and `address` are what they were when last loaded."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.name = NAME_DEFAULT
        self.address: str | None = ""
        """The public address, "" if none was settled. None: an older version, which served every
        name, set the installation up, and the next administrator who comes settles it."""

    async def open(self, *, is_new: bool) -> None:
        """Note for a new installation that it has no public address yet, and load."""
        if is_new:
            change = {"$setOnInsert": {"name": NAME_DEFAULT, "address": ""}}
            await self._db[SETTINGS].update({"_id": INSTALLATION}, change, upsert=True)
        await self.load()

    async def load(self) -> None:
        """Read both anew."""
        document = await self._db[SETTINGS].find_one({"_id": INSTALLATION}) or {}
        self.name = str(document.get("name", NAME_DEFAULT))
        self.address = str(document["address"]) if "address" in document else None

    async def rename(self, name: str) -> None:
        """Store a name that `validate_installation_name` let through."""
        await self._set(name=name)
        self.name = name

    async def settle_address(self, address: str) -> None:
        """Store an address that `validate_public_address` let through."""
        await self._set(address=address)
        self.address = address

    async def _set(self, **values: str) -> None:
        await self._db[SETTINGS].update({"_id": INSTALLATION}, {"$set": values}, upsert=True)
