"""What administrators and room managers do: stored, published, and written to the audit log.

Each method runs to its end even if its caller is cancelled.
"""

from collections.abc import Coroutine
from typing import Any, TypeVar

from littlechat.accounts import INSTALLATION, Accounts, Mode
from littlechat.actions.credentials import Credentials
from littlechat.actions.messages import MessageActions
from littlechat.core import EndedRight, Membership, Message, Refused, User
from littlechat.platform import BackgroundTasks, Duplicate, Missing
from littlechat.realtime import Realtime
from littlechat.rooms import Rooms

Result = TypeVar("Result")

SET_UP = "Somebody was faster: this littlechat has its administrator already."


class Administration:
    """The methods. Callers have checked that `by` may."""

    def __init__(
        self,
        accounts: Accounts,
        rooms: Rooms,
        messages: MessageActions,
        credentials: Credentials,
        realtime: Realtime,
        tasks: BackgroundTasks,
    ) -> None:
        self._accounts, self._registration, self._audit = (
            accounts,
            accounts.registration,
            accounts.audit,
        )
        self._rooms, self._messages, self._tasks = rooms, messages, tasks
        self._credentials = credentials
        self._announcements = realtime.announcements

    async def register(self, username: str, password: str, invitation: str) -> User:
        """Create one's own account; raise `Invalid`, `Duplicate`, or `Refused` if one may not."""
        return await self._tasks.run_to_completion(self._register(username, password, invitation))

    async def _register(self, username: str, password: str, invitation: str) -> User:
        used = await self._registration.use_invitation(invitation)

        async def require_still() -> None:
            await self._registration.require_still(invitation, used=used)

        try:
            user = await self._accounts.users.register(username, password, require_still)
        except BaseException:
            if used:
                await self._registration.return_invitation(invitation)
            raise
        if user.is_admin:
            await self._audit.note(user, "became administrator", user.name, "the first account")
        if used:
            await self._audit.note(user, "registered by invitation", user.name)
        return user

    async def set_up(self, username: str, password: str, name: str, mode: Mode) -> User:
        """Make the first account, which administers, and settle the name and who may register.

        Raises `Invalid`, or `Refused` if there is an account already: of several at once one wins.
        """
        return await self._tasks.run_to_completion(self._set_up(username, password, name, mode))

    async def _set_up(self, username: str, password: str, name: str, mode: Mode) -> User:
        if await self._accounts.roles.are_given():
            raise Refused(SET_UP)
        try:
            user = await self._accounts.users.register(username, password)
        except Duplicate:
            raise Refused(SET_UP) from None
        if not user.is_admin:
            await self._accounts.users.withdraw(user)
            raise Refused(SET_UP)
        await self._registration.set_mode(mode)
        await self._audit.note(user, "became administrator", user.name, "the first account")
        await self._rename(user, name)
        return user

    async def rename_installation(self, by: User, name: str) -> None:
        """Set what the installation is called."""
        await self._tasks.run_to_completion(self._rename(by, name))

    async def _rename(self, by: User, name: str) -> None:
        await self._accounts.installation.rename(name)
        self._announcements.signal(INSTALLATION)
        await self._audit.note(by, "named the installation", "the installation", name)

    async def settle_address(self, by: User, address: str) -> None:
        """Set the public address, from which all processes make links; empty for none."""
        await self._tasks.run_to_completion(self._settle_address(by, address))

    async def _settle_address(self, by: User, address: str) -> None:
        await self._accounts.installation.settle_address(address)
        self._announcements.signal(INSTALLATION)
        await self._audit.note(by, "set the public address", "the installation", address)

    async def make_account(self, by: User, username: str) -> tuple[User, str]:
        """Create an account for somebody; return it and the token that sets its password.

        Raises `Invalid`, or `Duplicate` for a name that is taken.
        """
        return await self._tasks.run_to_completion(self._make_account(by, username))

    async def _make_account(self, by: User, username: str) -> tuple[User, str]:
        user = await self._accounts.users.make(username)
        token = await self._registration.make_password_link(user, by)
        await self._audit.note(by, "made an account", user.name)
        return user, token

    async def password_link(self, by: User, name: str) -> tuple[User, str]:
        """Return a user and the token of a new link to set their password; raise `Missing`."""
        user = await self._accounts.users.get(name)
        return user, await self._noted(
            self._registration.make_password_link(user, by), by, "made a password link", user.name
        )

    async def find_owner(self, token: str) -> User:
        """Return the user whose password a link sets; raise `Missing`."""
        return await self._accounts.users.get_by_id(
            await self._registration.find_password_owner(token)
        )

    async def reset_password(self, token: str, password: str) -> User:
        """Set a password by a link, once, and end all sessions of its owner.

        Raises `Missing` for a link that is not valid any more, and `Invalid` for the password: the
        link can then be used again.
        """
        user = await self.find_owner(token)
        self._accounts.users.require_password(user, password)
        return await self._tasks.run_to_completion(self._reset_password(user, token, password))

    async def _reset_password(self, user: User, token: str, password: str) -> User:
        await self._registration.use_password_link(token)
        # Two links that were created at the same time may both be valid.
        await self._registration.end_password_links(user)
        await self._accounts.users.set_password(user, password)
        await self._accounts.sessions.end_all(user)
        self._announcements.revoke(user=user.id)
        await self._audit.note(user, "set a password by link", user.name)
        return await self._accounts.users.get_by_id(user.id)

    async def disable(self, by: User, name: str) -> None:
        """Disable an account and end its sessions everywhere; raise `Missing` or `Refused`."""
        user = await self._accounts.users.get(name)
        await self._tasks.run_to_completion(self._disable(by, user))

    async def _disable(self, by: User, user: User) -> None:
        await self._accounts.sessions.disable(user)
        self._announcements.revoke(user=user.id)
        await self._registration.end_password_links(user)
        await self._audit.note(by, "disabled", user.name)
        await self._credentials.end(EndedRight("account", user.id, user.name), by)

    async def enable(self, by: User, name: str) -> None:
        """Enable an account, so that its owner can sign in again; raise `Missing`."""
        user = await self._accounts.users.get(name)
        await self._noted(self._accounts.users.enable(user), by, "enabled", user.name)

    async def promote(self, by: User | str, name: str) -> None:
        """Make a user an administrator; raise `Missing`, or `Refused` for a disabled account."""
        user = await self._accounts.users.get(name)
        await self._noted(self._accounts.roles.promote(user), by, "made administrator", user.name)
        self._announcements.refresh(user.id)

    async def demote(self, by: User, name: str) -> None:
        """Make an administrator a user again; raise `Missing`, or `Refused` for the last one."""
        user = await self._accounts.users.get(name)
        await self._tasks.run_to_completion(self._demote(by, user))

    async def _demote(self, by: User, user: User) -> None:
        await self._accounts.roles.demote(user)
        self._announcements.refresh(user.id)
        await self._audit.note(by, "removed as administrator", user.name)
        await self._credentials.end(EndedRight("administer", user.id, user.name), by)

    async def set_mode(self, by: User, mode: Mode) -> None:
        """Set who may register."""
        words = {"open": "open", "invitation": "by invitation", "closed": "closed"}[mode]
        await self._noted(
            self._registration.set_mode(mode), by, "set registration", "the installation", words
        )

    async def invite(self, by: User, uses: int, days: int) -> str:
        """Return the token of an invitation to register."""
        return await self._noted(
            self._registration.invite(by, uses, days),
            *(by, "made an invitation", "the installation", f"{uses} uses, {days} days"),
        )

    async def revoke_invitation(self, by: User, pass_id: str) -> None:
        """Revoke an invitation to register; raise `Missing`."""
        await self._noted(
            self._registration.revoke(pass_id), by, "revoked an invitation", "the installation"
        )

    async def ban(self, room_id: str, name: str, by: User) -> None:
        """Remove a member, who cannot join again; raise `Missing` or `Refused`.

        Who left first, or was never in the room, can be banned as well.
        """
        await self._tasks.run_to_completion(self._ban(room_id, name, by))

    async def _ban(self, room_id: str, name: str, by: User) -> None:
        try:
            user_id = (await self._rooms.members.ban(room_id, name, by)).user_id
        except Missing:
            user = await self._accounts.users.get(name)
            await self._rooms.members.ban_absent(room_id, user, by)
            user_id, name = user.id, user.name
        self._announcements.revoke(user=user_id, room=room_id, reason="banned")
        self._announcements.announce_rooms()
        await self._audit.note(by, "banned from a room", name, room_id)
        await self._credentials.end(EndedRight("removed", user_id, name, room_id), by)

    async def lift_ban(self, room_id: str, name: str, by: User) -> None:
        """Lift a ban, so that its subject can join the room again; raise `Missing`."""
        await self._noted(
            self._rooms.bans.lift(room_id, name), by, "lifted a ban from a room", name, room_id
        )

    async def remove_message(self, membership: Membership, seq: int, by: User) -> Message:
        """Remove one's own message, or another's as room manager or administrator.

        Raises `Missing`.
        """
        return await self._tasks.run_to_completion(self._remove_message(membership, seq, by))

    async def _remove_message(self, membership: Membership, seq: int, by: User) -> Message:
        message = await self._messages.remove(membership.room_id, seq, membership, by)
        if message.author_id != by.id:
            where = f"{membership.room_id}, message {seq}"
            await self._audit.note(by, "removed a message", message.author_name, where)
        return message

    async def _noted(
        self,
        act: Coroutine[Any, Any, Result],
        by: User | str,
        done: str,
        subject: str,
        detail: str = "",
    ) -> Result:
        async def whole() -> Result:
            result = await act
            await self._audit.note(by, done, subject, detail)
            return result

        return await self._tasks.run_to_completion(whole())
