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
from littlechat.accounts import INSTALLATION, SESSION_LIFE, Accounts
from littlechat.actions import Actions
from littlechat.bots import Bots
from littlechat.files import UPLOAD_TIMEOUT_SECONDS, Files
from littlechat.messages import Messages
from littlechat.notifications import NOTIFICATIONS, Notifications
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
"""Enough for a message of 8,000 characters of four bytes each, percent-encoded."""

MIB = 1024 * 1024

SWEEP_SECONDS = 300.0
"""How often a process sweeps deleted rooms, and checks if the hourly sweep of files is due."""

BODY_SECONDS = 30
"""How long a request's body may take to arrive."""

CLOSING_SECONDS = 1.0
CLOSING_SECONDS_EACH = 0.01
"""Over how long sockets are closed when the process stops: all of them, and at most for each."""

log = logging.getLogger(__name__)


def create_app(settings: Settings, bus: Bus | None = None) -> Quart:
    """Return an application that uses the database `settings.mongodb_uri`, which must be set.

    `bus` joins several applications in one process, as tests do; without it Redis is used if
    `settings.redis_url` is set, else a bus of this application alone. Raises `ConfigError`.
    """
    require_browser_parts()
    app = Application(__name__)
    # Merging slashes would answer with a redirect to whatever host the request names.
    app.url_map.merge_slashes = False
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=BODY_BYTES_MAX,
        BODY_TIMEOUT=BODY_SECONDS,
        # A response may take long, as a download does; `server` limits each write of it instead.
        RESPONSE_TIMEOUT=None,
        QUART_AUTH_COOKIE_NAME="littlechat",
        QUART_AUTH_DURATION=int(SESSION_LIFE.total_seconds()),
    )
    SessionCookie(app, is_secure=session_cookie_is_secure)
    served = build_services(settings, bus)
    app.extensions["littlechat"] = served
    app.config.update(
        FILE_BYTES_MAX=served.files.uploads.bytes_max, FILE_SECONDS=UPLOAD_TIMEOUT_SECONDS
    )
    register_pages(app)
    sweeping: list[asyncio.Task[None]] = []

    @app.before_serving
    async def open_services() -> None:
        await served.platform.database.open(COLLECTIONS)
        await served.accounts.roles.open()
        await served.accounts.names.open()
        is_new = not await served.accounts.roles.are_given()
        await served.accounts.installation.open(is_new=is_new)
        if served.accounts.installation.address is None and settings.public_url is None:
            log.warning("every name is served until an administrator comes, or PUBLIC_URL is set")
        await served.rooms.store.open()
        await served.rooms.invitations.open()
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
    messages.use_hints(rooms.store.find_end)
    files = Files(db, messages, tasks, settings.upload_max * MIB, settings.upload_quota * MIB)
    renderer, avatar_styles = Renderer(), AvatarStyles(accounts.profiles)
    realtime = Realtime(platform.bus, renderer, accounts, messages, rooms, tasks)
    search = Search(db, messages, rooms.store)
    notifications = Notifications(
        db,
        accounts.sessions,
        rooms,
        messages,
        realtime.hub,
        platform.bus,
        private=settings.push_private,
    )
    actions = Actions(
        accounts,
        messages,
        rooms,
        files,
        renderer,
        platform.bus,
        realtime,
        tasks,
        moderates_direct=settings.moderate_direct_messages,
    )
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
    """Subscribe the features to what happens, in the order in which they are called."""
    posts, deleted = served.actions.messages, served.actions.deleted_rooms
    # Notifications first: a correction that follows at once must find the post it corrects.
    posts.subscribe_to_posts(served.notifications.on_posted)
    posts.subscribe_to_changes(served.notifications.on_changed)
    posts.subscribe_to_posts(served.bots.webhooks.on_posted)
    posts.subscribe_to_posts(served.search.indexer.on_message)
    posts.subscribe_to_changes(served.search.indexer.on_message)
    served.actions.credentials.subscribe(served.bots.store)
    deleted.subscribe(served.bots.store.clear_room)
    # Last, since an indexer may have died after it added rows of the room.
    deleted.subscribe_to_cleared(served.search.index.note_deleted_room)
    served.actions.sessions.subscribe_to_renewals(served.notifications.on_renewed)
    dispatcher, tasks = served.realtime.dispatcher, served.platform.tasks
    dispatcher.subscribe(NOTIFICATIONS, served.notifications.on_event)
    dispatcher.on_signal(INSTALLATION, lambda: tasks.spawn(served.accounts.installation.load()))
    dispatcher.on_signal(AVATAR_STYLES, lambda: tasks.spawn(renew_avatar_styles(served)))


async def renew_avatar_styles(served: Services) -> None:
    """Read the avatar style sheet again, and make open pages fetch it if it changed."""
    styles = served.avatar_styles
    if await styles.load():
        frame = served.renderer.frames.avatar_styles(styles.version)
        served.realtime.hub.deliver_ephemeral(ROOMS, AVATAR_STYLES, frame)


def watch(served: Services) -> None:
    """Register what `/metrics` shows."""
    metrics, hub, feeds = served.platform.metrics, served.realtime.hub, served.realtime.feeds
    sent, fed, caught = hub.counters, feeds.counters, feeds.catch_up.counters
    bus, pushed = served.platform.bus, served.notifications.counters
    files = served.files
    metrics.gauge("file_bytes", "Bytes of files when last counted.", lambda: files.usage.used)
    metrics.gauge("connections", "Open sockets.", lambda: len(hub.sockets))
    metrics.counter("deliveries", "Frames queued and sent to sockets.", lambda: sent.delivered)
    metrics.counter("frames", "Writes to sockets.", lambda: sent.frames)
    metrics.counter("outbox_shed", "Ephemeral frames dropped by full outboxes.", lambda: sent.shed)
    metrics.counter("outbox_overflows", "Sockets closed as too slow.", lambda: sent.overflowed)
    metrics.counter("catch_ups", "Pages brought up to date.", lambda: caught.catch_ups)
    metrics.counter("reloads", "Pages too far behind to catch up.", lambda: caught.reloads)
    metrics.counter("gaps", "Gaps read from the store.", lambda: fed.gaps)
    metrics.counter("rounds", "Rounds sent to rooms.", lambda: fed.rounds)
    health = served.platform.database.health
    metrics.gauge("database_answers", "Whether the database answers.", lambda: health.answers)
    metrics.counter("bus_lost", "Events that the bus dropped.", lambda: bus.lost)
    metrics.gauge("bus_connected", "Whether the bus is connected.", lambda: bus.connected)
    metrics.gauge("bus_unheard", "Other processes that fell silent.", lambda: bus.unheard)
    metrics.counter(
        "notifications_sent", "Notifications taken by push services.", lambda: pushed.sent
    )
    metrics.counter(
        "notifications_failed", "Tries that push services refused.", lambda: pushed.failed
    )
    metrics.counter(
        "notifications_dropped", "Notifications not sent: too many.", lambda: pushed.dropped
    )


async def sweep(served: Services) -> None:
    """Clear deleted rooms, at once and then at intervals, and files that nothing refers to.

    What has outlived the right of its maker ends as well.
    """
    deleted_rooms, credentials = served.actions.deleted_rooms, served.actions.credentials
    await _swept(credentials.sweep())
    await _swept(deleted_rooms.sweep(now()))
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        await _swept(served.files.sweep(now()))
        await _swept(deleted_rooms.sweep(now()))
        await _swept(credentials.sweep())


async def _swept(sweep: Coroutine[Any, Any, object]) -> None:
    try:
        await sweep
    except Unavailable:
        log.warning("not swept: the database does not answer")
    except Exception:
        # Whatever failed, the next sweep must run.
        log.exception("sweep failed")


async def serve(
    stop: asyncio.Event, app: Quart, listening: socket.socket, proxy_hops: int = 0
) -> None:
    """Serve `app` on a bound socket until `stop` is set.

    `proxy_hops` is how many proxies stand before us, whose headers are trusted.
    """
    await serve_until(
        stop,
        app,
        listening,
        partial(close_sockets, app),
        message_bytes_max=FRAME_BYTES_MAX,
        proxy_hops=proxy_hops,
    )


async def close_sockets(app: Quart) -> None:
    """Close every socket with 1012, spread over a second: browsers then reconnect by themselves."""
    hub = app.extensions["littlechat"].realtime.hub
    seconds = min(CLOSING_SECONDS, CLOSING_SECONDS_EACH * len(hub.sockets))
    await hub.close_all(RESTART, seconds)
