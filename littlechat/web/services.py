"""What handlers use: one object for each package, built once by `create_app`."""

from dataclasses import dataclass, field
from typing import cast

from quart import current_app

from littlechat.accounts import Accounts
from littlechat.actions import Actions
from littlechat.bots import Bots
from littlechat.files import Files
from littlechat.messages import Messages
from littlechat.notifications import Notifications
from littlechat.platform import Platform, Settings
from littlechat.realtime import Realtime
from littlechat.rendering import AvatarStyles, Renderer
from littlechat.rooms import Rooms
from littlechat.search import Search


@dataclass(frozen=True, slots=True)
class Services:
    """The objects of one application, by the names of their packages."""

    settings: Settings
    platform: Platform
    accounts: Accounts
    messages: Messages
    rooms: Rooms
    files: Files
    renderer: Renderer
    avatar_styles: AvatarStyles
    realtime: Realtime
    search: Search
    notifications: Notifications
    bots: Bots
    actions: Actions
    proxies_told: dict[str, float] = field(default_factory=dict)
    """When the log last told of each kind of trouble with a proxy in front."""
    names_read: dict[str, float] = field(default_factory=dict)
    """When the public address was last read again because of an unknown name."""


def services() -> Services:
    """Return the services of the app that handles this request or socket."""
    return cast(Services, current_app.extensions["littlechat"])
