"""The one object through which handlers write what others must see."""

from littlechat.accounts import Accounts
from littlechat.actions.administration import Administration
from littlechat.actions.credentials import Credentials
from littlechat.actions.deleted_rooms import DeletedRooms
from littlechat.actions.members import MemberActions
from littlechat.actions.messages import MessageActions
from littlechat.actions.rooms import RoomActions
from littlechat.actions.sessions import SessionActions
from littlechat.actions.threads import Threads
from littlechat.files import Files
from littlechat.messages import Messages
from littlechat.platform import BackgroundTasks, Bus
from littlechat.realtime import Realtime
from littlechat.rendering import Renderer
from littlechat.rooms import Rooms


class Actions:
    """All actions, by noun. Each runs to its end even if its caller is cancelled."""

    def __init__(
        self,
        accounts: Accounts,
        messages: Messages,
        rooms: Rooms,
        files: Files,
        renderer: Renderer,
        bus: Bus,
        realtime: Realtime,
        tasks: BackgroundTasks,
        *,
        moderates_direct: bool = False,
    ) -> None:
        self.messages = MessageActions(
            accounts.users,
            messages,
            rooms,
            files,
            renderer,
            bus,
            realtime,
            tasks,
            moderates_direct=moderates_direct,
        )
        self.threads = Threads(messages, self.messages, tasks)
        self.deleted_rooms = DeletedRooms(rooms, messages, files, tasks)
        self.rooms = RoomActions(rooms, messages, self.deleted_rooms, realtime, tasks)
        self.credentials = Credentials(accounts, rooms)
        self.members = MemberActions(rooms, self.credentials, realtime, tasks)
        self.sessions = SessionActions(accounts, realtime, tasks)
        self.administration = Administration(
            accounts, rooms, self.messages, self.credentials, realtime, tasks
        )
