"""What every handler may use: one object a package, built once by `create_app`."""

from dataclasses import dataclass
from typing import cast

from quart import (
    current_app,
)

from littlechat.accounts import (
    Accounts,
    Admission,
    Audit,
    People,
)
from littlechat.actions import (
    Actions,
    Administration,
    Remains,
    Threads,
)
from littlechat.bots import Bots, Webhooks
from littlechat.files import Uploads
from littlechat.messages import Messages
from littlechat.notifications import Notifications
from littlechat.platform import (
    Bus,
    Database,
    Metrics,
    Settings,
    Throttle,
    Work,
)
from littlechat.realtime import (
    Feeds,
    Hub,
    Live,
    News,
    Online,
)
from littlechat.rendering import Faces, Renderer
from littlechat.rooms import Access, Reading, Rooms
from littlechat.search import Indexer, Search


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a handler may use; built once by `create_app`."""

    settings: Settings
    db: Database
    bus: Bus
    hub: Hub
    feeds: Feeds
    live: Live
    access: Access
    accounts: Accounts
    rooms: Rooms
    messages: Messages
    search: Search
    indexer: Indexer
    uploads: Uploads
    remains: Remains
    metrics: Metrics
    reading: Reading
    news: News
    actions: Actions
    threads: Threads
    admission: Admission
    administration: Administration
    audit: Audit
    people: People
    faces: Faces
    notifications: Notifications
    bots: Bots
    webhooks: Webhooks
    work: Work
    render: Renderer
    throttle: Throttle
    online: Online


def services() -> Services:
    """Return the services of the app that handles this request or socket."""
    return cast(Services, current_app.extensions["littlechat"])
