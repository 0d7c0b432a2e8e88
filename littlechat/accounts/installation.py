"""What this installation is called, as its administrator chose; each process keeps it at hand."""

import unicodedata

from littlechat.accounts.schema import SETTINGS
from littlechat.core import Invalid, is_blank
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


class Installation:
    """The store of the name. `name` is what it was when last loaded."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.name = NAME_DEFAULT

    async def load(self) -> None:
        """Read the name anew."""
        document = await self._db[SETTINGS].find_one({"_id": INSTALLATION})
        self.name = str(document["name"]) if document else NAME_DEFAULT

    async def rename(self, name: str) -> None:
        """Store a name that `validate_installation_name` let through."""
        where = {"_id": INSTALLATION}
        await self._db[SETTINGS].update(where, {"$set": {"name": name}}, upsert=True)
        self.name = name
