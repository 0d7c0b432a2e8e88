"""The one rule for what people make that lets somebody in, or messages out.

It lasts no longer than the right of its maker to make it:

- an invitation to register, and a link to set a password: as long as its maker administers;
- a bot's token and its webhook: as long as who made them manages the room, by their role or as an
  administrator in it. The bot itself passes on to the room's managers, who make new ones;
- a link into a room: as long as its maker is in the room, and until somebody is removed from it,
  who may have any of them;
- all of these: as long as their maker's account is not disabled.

Every place where such a right ends calls `end`. Each package that keeps such things subscribes what
deletes them. What ended is written to the audit log, and the page of bots says it of bots. `sweep`
ends what a crash, or a version without this rule, has left.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from littlechat.accounts import Accounts
from littlechat.core import EndedRight, Made, User
from littlechat.platform import Missing
from littlechat.rooms import Rooms


class Keeper(Protocol):
    """What stores things that were made by a right."""

    async def end_made(self, ended: EndedRight) -> Sequence[str]:
        """End what was made by a right that has ended; return what that was, a few words each.

        May be called repeatedly.
        """

    async def list_made(self) -> Iterable[Made]:
        """Return by whom all that is stored was made, and which right each needs."""


class Credentials:
    """Ends what was made by a right, with the right."""

    def __init__(self, accounts: Accounts, rooms: Rooms) -> None:
        self._users, self._audit = accounts.users, accounts.audit
        self._memberships = rooms.memberships
        self._keepers: list[Keeper] = [accounts.registration, rooms.invitations]

    def subscribe(self, keeper: Keeper) -> None:
        """Ask `keeper` as well whenever somebody loses a right."""
        self._keepers.append(keeper)

    async def end(self, ended: EndedRight, by: User | str) -> None:
        """End what was made by a right, which `by` took away or gave up.

        Must be called after it is stored that the right has ended: what is made meanwhile is then
        refused.
        """
        found = [what for keeper in self._keepers for what in await keeper.end_made(ended)]
        if found:
            detail = "; ".join(filter(None, (ended.room_id, *found)))
            await self._audit.note(by, "ended what was made by", ended.user_name, detail)

    async def sweep(self) -> None:
        """End whatever has outlived the right of its maker."""
        for made in {made for keeper in self._keepers for made in await keeper.list_made()}:
            if ended := await self._find_ended(made):
                await self.end(ended, "littlechat")

    async def _find_ended(self, made: Made) -> EndedRight | None:
        try:
            user = await self._users.get_by_id(made.user_id)
        except Missing:
            return EndedRight("account", made.user_id, "somebody who is gone")
        if user.disabled:
            return EndedRight("account", user.id, user.name)
        place = await self._memberships.find(made.room_id, user) if made.room_id else None
        if made.room_id and place is None:
            return EndedRight("left", user.id, user.name, made.room_id)
        may_manage = place is not None and place.may_manage
        if made.needs != "member" and not (may_manage or user.is_admin):
            return EndedRight("administer", user.id, user.name)
        return None
