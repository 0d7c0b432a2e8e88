"""`create_app(settings)` builds an application and all that it uses; nothing is global."""

import asyncio
import logging
import socket
from collections.abc import Coroutine
from functools import partial
from typing import Any

from quart import Quart

from littlechat import (
    accounts,
    bots,
    files,
    messages,
    notifications,
    rooms,
    search,
)
from littlechat.accounts import Accounts
from littlechat.actions import Actions
from littlechat.bots import Bots
from littlechat.files import ADD_SECONDS, Files
from littlechat.messages import Messages
from littlechat.notifications import NOTICES, build_notifications
from littlechat.platform import (
    Bus,
    Settings,
    Unavailable,
    build_platform,
    now,
)
from littlechat.realtime import FRAME_BYTES_MAX, RESTART, ROOMS, Realtime
from littlechat.rendering import AVATAR_STYLES, AvatarStyles, Renderer
from littlechat.rooms import Rooms
from littlechat.search import Search
from littlechat.server import Application, SessionCookie, serve_until
from littlechat.web import (
    Services,
    register_pages,
    require_browser_parts,
    session_cookie_is_secure,
)

COLLECTIONS = (
    *accounts.COLLECTIONS,
    *messages.COLLECTIONS,
    *rooms.COLLECTIONS,
    *files.COLLECTIONS,
    *search.COLLECTIONS,
    *notifications.COLLECTIONS,
    *bots.COLLECTIONS,
)
"""Every collection that there is, each declared by the package that owns it."""

BODY_BYTES_MAX = 128 * 1024
"""8,000 characters of four bytes, percent-encoded, and a little."""

MIB = 1024 * 1024
SWEEP_SECONDS = 300.0
"""How often a process looks whether the hourly sweep is due and no other has done it."""

BODY_SECONDS = 30
CLOSING_SECONDS = 1.0
CLOSING_SECONDS_EACH = 0.01
"""Over how long the sockets are sent away on a stop: together, and at the most each."""

log = logging.getLogger(__name__)


def create_app(settings: Settings, bus: Bus | None = None) -> Quart:
    """Return an application on `settings.mongodb_uri`, which must be set.

    `bus` joins several applications in one process, as tests do; without it Redis is used if
    `settings.redis_url` is set, else a bus for this application alone. Raises `ConfigError`.
    """
    require_browser_parts()
    app = Application(__name__)
    # A doubled slash would be answered with a redirect to whatever host the request names.
    app.url_map.merge_slashes = False
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=BODY_BYTES_MAX,
        BODY_TIMEOUT=BODY_SECONDS,
        # Not the whole answer is timed, which may be long, but each write of it (server/).
        RESPONSE_TIMEOUT=None,
        QUART_AUTH_COOKIE_NAME="littlechat",
    )
    SessionCookie(app, is_secure=session_cookie_is_secure)
    served = build_services(settings, bus)
    app.extensions["littlechat"] = served
    app.config.update(FILE_BYTES_MAX=served.files.bytes_max, FILE_SECONDS=ADD_SECONDS)
    register_pages(app)
    sweeping: list[asyncio.Task[None]] = []

    @app.before_serving
    async def open_services() -> None:
        await served.platform.database.open(COLLECTIONS)
        await served.accounts.roles.open()
        await served.rooms.store.open()
        await served.avatar_styles.load()
        await served.notifications.open()
        await served.realtime.dispatcher.open()
        served.search.indexer.open()
        sweeping.append(asyncio.create_task(sweep(served), name="sweep"))
        await served.bots.webhooks.open()

    @app.after_serving
    async def close_services() -> None:
        for task in sweeping:
            task.cancel()
        await served.search.indexer.close()
        await served.bots.webhooks.close()
        await served.platform.tasks.close()
        await served.notifications.close()
        await served.realtime.dispatcher.close()
        served.platform.database.close()

    return app


def build_services(settings: Settings, bus: Bus | None) -> Services:
    """Return everything that handlers use: each package built from those below it."""
    platform = build_platform(settings, bus)
    db, tasks = platform.database, platform.tasks
    accounts = Accounts(db)
    messages = Messages(db, platform.metrics.batch_size.observe, alone=platform.alone)
    rooms = Rooms(db, accounts.sessions, messages, platform.bus)
    messages.use_hints(rooms.store.find_last_seq)
    files = Files(db, messages, tasks, settings.upload_max * MIB, settings.upload_quota * MIB)
    renderer, avatar_styles = Renderer(), AvatarStyles(accounts.profiles)
    realtime = Realtime(platform.bus, renderer, accounts, messages, rooms, tasks)
    search = Search(db, messages, rooms.store)
    notifications = build_notifications(
        db,
        accounts.sessions,
        rooms,
        messages,
        realtime.hub,
        platform.bus,
        private=settings.push_private,
    )
    actions = Actions(accounts, messages, rooms, files, renderer, platform.bus, realtime, tasks)
    bots = Bots(
        db,
        accounts.users,
        rooms,
        messages,
        actions.threads,
        settings.secret_key,
        private=settings.webhooks_private,
    )
    served = Services(
        settings=settings,
        platform=platform,
        accounts=accounts,
        messages=messages,
        rooms=rooms,
        files=files,
        renderer=renderer,
        avatar_styles=avatar_styles,
        realtime=realtime,
        search=search,
        notifications=notifications,
        bots=bots,
        actions=actions,
    )
    connect(served)
    watch(served)
    return served


def connect(served: Services) -> None:
    """Let the features follow what happens, in this order."""
    posts, deleted = served.actions.messages, served.actions.deleted_rooms
    # First: what is corrected at once must find what it corrects.
    posts.subscribe_to_posts(served.notifications.on_posted)
    posts.subscribe_to_changes(served.notifications.on_changed)
    posts.subscribe_to_posts(served.bots.webhooks.on_posted)
    posts.subscribe_to_posts(served.search.indexer.on_message)
    posts.subscribe_to_changes(served.search.indexer.on_message)
    deleted.subscribe(served.bots.store.clear_room)
    # An indexer that was at it may have died before it could be told to forget the room.
    deleted.subscribe_to_the_end(served.search.index.note_end)
    dispatcher, tasks = served.realtime.dispatcher, served.platform.tasks
    dispatcher.subscribe(NOTICES, served.notifications.on_event)
    dispatcher.on_signal(AVATAR_STYLES, lambda: tasks.spawn(renew_avatar_styles(served)))


async def renew_avatar_styles(served: Services) -> None:
    """Read what people look like, and let open pages show it."""
    styles = served.avatar_styles
    if await styles.load():
        frame = served.renderer.avatar_styles_frame(styles.version)
        served.realtime.hub.deliver_passing(ROOMS, AVATAR_STYLES, frame)


def watch(served: Services) -> None:
    """Let the metrics read what the packages count."""
    metrics, hub, feeds = served.platform.metrics, served.realtime.hub, served.realtime.feeds
    sent, fed, caught = hub.counters, feeds.counters, feeds.catch_up.counters
    bus, pushed = served.platform.bus, served.notifications.counters
    files = served.files
    metrics.gauge("file_bytes", "Bytes of files when last counted.", lambda: files.used)
    metrics.gauge("connections", "Open sockets.", lambda: len(hub.sockets))
    metrics.counter("deliveries", "Frames queued and sent to sockets.", lambda: sent.delivered)
    metrics.counter("frames", "Writes to sockets.", lambda: sent.frames)
    metrics.counter("outbox_shed", "Passing frames dropped for room.", lambda: sent.shed)
    metrics.counter("outbox_overflows", "Sockets closed as too slow.", lambda: sent.overflowed)
    metrics.counter("catch_ups", "Pages brought up to date.", lambda: caught.catch_ups)
    metrics.counter("reloads", "Pages too far behind to catch up.", lambda: caught.reloads)
    metrics.counter("gaps", "Gaps read from the store.", lambda: fed.gaps)
    metrics.counter("rounds", "Rounds sent to rooms.", lambda: fed.rounds)
    metrics.counter("bus_lost", "Events that the bus dropped.", lambda: bus.lost)
    metrics.gauge("bus_connected", "Whether other processes are heard.", lambda: bus.connected)
    metrics.counter("notices_sent", "Notifications handed to push services.", lambda: pushed.sent)
    metrics.counter("notices_failed", "Tries that push services refused.", lambda: pushed.failed)
    metrics.counter("notices_dropped", "Notifications dropped for room.", lambda: pushed.dropped)


async def sweep(served: Services) -> None:
    """Clear deleted rooms away, at once and then every so often, and files nobody refers to."""
    deleted_rooms = served.actions.deleted_rooms
    await _swept(deleted_rooms.sweep(now()))
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        await _swept(served.files.sweep(now()))
        await _swept(deleted_rooms.sweep(now()))


async def _swept(sweep: Coroutine[Any, Any, object]) -> None:
    try:
        await sweep
    except Unavailable:
        log.warning("not swept: the database does not answer")
    except Exception:
        # Whatever it was, the next sweep must come.
        log.exception("sweep failed")


async def serve(
    stop: asyncio.Event, app: Quart, listening: socket.socket, proxy_hops: int = 0
) -> None:
    """Serve `app` on a bound socket until `stop` is set; `proxy_hops` proxies are believed."""
    await serve_until(
        stop,
        app,
        listening,
        partial(close_sockets, app),
        message_bytes_max=FRAME_BYTES_MAX,
        proxy_hops=proxy_hops,
    )


async def close_sockets(app: Quart) -> None:
    """Send every browser away with 1012, spread over a moment, so that it comes back by itself."""
    hub = app.extensions["littlechat"].realtime.hub
    seconds = min(CLOSING_SECONDS, CLOSING_SECONDS_EACH * len(hub.sockets))
    await hub.close_all(RESTART, seconds)
