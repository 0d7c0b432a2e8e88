"""`create_app(settings)` builds an application and all that it uses; nothing is global."""

import asyncio
import hashlib
from collections.abc import Coroutine
from typing import Any

from quart import Quart

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
from littlechat.bots import Bots, Deliveries, Webhooks
from littlechat.files import Uploads
from littlechat.messages import Messages
from littlechat.notifications import (
    NOTICES,
    Notifications,
    Push,
    Subscriptions,
)
from littlechat.platform import (
    Bus,
    ConfigError,
    Database,
    MemoryBus,
    Metrics,
    Outgoing,
    RedisBus,
    Settings,
    Throttle,
    Unavailable,
    Work,
    now,
)
from littlechat.realtime import (
    RESTART,
    ROOMS,
    Feeds,
    Hub,
    Live,
    News,
    Online,
)
from littlechat.rendering import FACES, Faces, Renderer
from littlechat.rooms import (
    Access,
    Directs,
    Reading,
    Rooms,
)
from littlechat.search import Indexer, Postings, Search
from littlechat.server import (
    Application,
    Exchange,
    SessionCookie,
    bodies,
)
from littlechat.web import (
    Services,
    account,
    admin,
    api,
    auth,
    bots,
    files,
    health,
    installed,
    log_requests,
    messages,
    notifications,
    people,
    protect,
    reactions,
    rooms,
    search,
    socket,
    threads,
)
from littlechat.web import direct_messages as directs
from littlechat.web import static_files as assets
from littlechat.web import switcher as jump
from littlechat.web import unread as reading

BODY_BYTES_MAX = 128 * 1024
"""8,000 characters of four bytes, percent-encoded, and a little."""

MIB = 1024 * 1024
SWEEP_SECONDS = 300.0
"""How often a process looks whether the hourly sweep is due and no other has done it."""

BODY_SECONDS = 30
CLOSING_SECONDS = 1.0
CLOSING_SECONDS_EACH = 0.01
"""Over how long the sockets are sent away on a stop: together, and at the most each."""

BLUEPRINTS = (
    auth,
    account,
    admin,
    people,
    rooms,
    messages,
    threads,
    reactions,
    directs,
    jump,
    reading,
    files,
    search,
    notifications,
    installed,
    bots,
    api,
    socket,
    health,
)


class Connection(bodies.PacedConnection, Exchange):
    """A request and its answer: as quick as `Exchange`, as patient as its body needs."""


def create_app(settings: Settings, bus: Bus | None = None) -> Quart:
    """Return an application on `settings.mongodb_uri`, which must be set.

    `bus` joins several applications in one process, as tests do; without it Redis is used if
    `settings.redis_url` is set, else a bus for this application alone. Raises `ConfigError`.
    """
    assets.require_browser_parts()
    app = Application(__name__)
    # A doubled slash would be answered with a redirect to whatever host the request names.
    app.url_map.merge_slashes = False
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=BODY_BYTES_MAX,
        BODY_TIMEOUT=BODY_SECONDS,
        # Not the whole answer is timed, which may be long, but each write of it (serve.py).
        RESPONSE_TIMEOUT=None,
        QUART_AUTH_COOKIE_NAME="littlechat",
    )
    app.asgi_websocket_class = socket.BoundedConnection
    app.asgi_http_class = Connection
    SessionCookie(app)
    served = build_services(settings, bus)
    app.extensions["littlechat"] = served
    protect(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint.blueprint)
    assets.serve_static(app)
    log_requests(app)

    @app.before_serving
    async def open_services() -> None:
        await served.db.open()
        await served.accounts.roles.open()
        await served.rooms.open()
        await served.faces.load()
        await served.notifications.open()
        await served.live.open()
        served.indexer.open()
        app.extensions["littlechat.sweeping"] = asyncio.create_task(sweep(served), name="sweep")
        await served.webhooks.open()

    @app.after_serving
    async def close_services() -> None:
        app.extensions["littlechat.sweeping"].cancel()
        await served.indexer.close()
        await served.webhooks.close()
        await served.work.close()
        await served.notifications.close()
        await served.live.close()
        served.db.close()

    return app


def build_services(settings: Settings, bus: Bus | None) -> Services:
    """Return everything that handlers use, wired together."""
    if settings.mongodb_uri is None:
        raise ConfigError("No database: set MONGODB_URI, or start the littlechat command.")
    metrics = Metrics()
    db = Database(settings.mongodb_uri, metrics.database_seconds.observe)
    accounts, room_store, read = Accounts(db), Rooms(db), Reading(db)
    carrier = bus or _bus(settings, metrics)
    alone = bus is None and settings.redis_url is None
    message_store = Messages(db, metrics.batch_size.observe, alone=alone)
    render, hub, work = Renderer(), Hub(), Work()
    uploads = Uploads(db, work, settings.upload_max * MIB, settings.upload_quota * MIB)
    feeds = Feeds(carrier, hub, message_store, render)
    access = Access(accounts, room_store, read, carrier)
    online = Online(carrier, hub, render)
    live = Live(carrier, hub, feeds, render, access, accounts, room_store, online)
    news = News(access, message_store, read, render, live, work)
    conversations = Directs(db)
    admission, audit, profiles = Admission(db), Audit(db), People(db)
    faces = Faces(profiles)
    live.heed(FACES, lambda: work.later(_renew(faces, hub, render)))
    _watch(metrics, hub, feeds, carrier)
    metrics.gauge("file_bytes", "Bytes of files when last counted.", lambda: uploads.used)
    actions = Actions(
        accounts,
        room_store,
        message_store,
        uploads,
        render,
        carrier,
        live,
        work,
        access,
        news,
        conversations,
        online,
    )
    postings = Postings(db)
    indexer = Indexer(db, postings)
    bot_store = Bots(db, settings.secret_key)
    notices = Notifications(
        access,
        accounts,
        room_store,
        message_store,
        Subscriptions(db),
        Push(private=settings.push_private),
        hub,
        carrier,
    )
    live.hear_on(NOTICES, notices.hear)
    # First: what is corrected at once must find what it corrects.
    actions.tell(notices.herald)
    actions.tell_of_changes(notices.revise)
    answers = Threads(message_store, actions, work)
    webhooks = Webhooks(
        bot_store,
        Deliveries(db),
        access,
        room_store,
        message_store,
        actions,
        answers,
        Outgoing(private=settings.webhooks_private),
    )
    actions.tell(webhooks.herald)
    actions.tell(indexer.hear)
    actions.tell_of_changes(indexer.hear)
    _watch_notices(metrics, notices)
    return Services(
        settings=settings,
        db=db,
        bus=carrier,
        hub=hub,
        feeds=feeds,
        live=live,
        access=access,
        accounts=accounts,
        rooms=room_store,
        messages=message_store,
        uploads=uploads,
        remains=Remains(db, room_store, message_store, uploads, postings),
        search=Search(db, postings),
        indexer=indexer,
        metrics=metrics,
        actions=actions,
        reading=read,
        news=news,
        online=online,
        admission=admission,
        administration=Administration(accounts, admission, room_store, audit, actions, live, work),
        audit=audit,
        people=profiles,
        faces=faces,
        threads=answers,
        bots=bot_store,
        webhooks=webhooks,
        notifications=notices,
        work=work,
        render=render,
        throttle=Throttle(enabled=settings.rate_limits),
    )


async def _renew(faces: Faces, hub: Hub, render: Renderer) -> None:
    """Read what people look like, and let open pages show it."""
    if await faces.load():
        hub.deliver_passing(ROOMS, FACES, render.faces_frame(faces.version))


def _watch(metrics: Metrics, hub: Hub, feeds: Feeds, bus: Bus) -> None:
    """Let the metrics read what the engine counts."""
    sent, fed, caught = hub.counters, feeds.counters, feeds.catch_up.counters
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


def _watch_notices(metrics: Metrics, notices: Notifications) -> None:
    told = notices.counters
    metrics.counter("notices_sent", "Notifications handed to push services.", lambda: told.sent)
    metrics.counter("notices_failed", "Tries that push services refused.", lambda: told.failed)
    metrics.counter("notices_dropped", "Notifications dropped for room.", lambda: told.dropped)


def _bus(settings: Settings, metrics: Metrics) -> Bus:
    if settings.redis_url is None:
        return MemoryBus()
    # Two installations on one Redis must not hear each other; their secrets differ.
    namespace = hashlib.sha256(settings.secret_key.encode()).hexdigest()[:12]
    return RedisBus(settings.redis_url, namespace, metrics.bus_seconds.observe)


async def sweep(served: Services) -> None:
    """Clear deleted rooms away, at once and then every so often, and files nobody refers to."""
    await _swept(served.remains.sweep(now()))
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        await _swept(served.uploads.sweep(now()))
        await _swept(served.remains.sweep(now()))


async def _swept(sweep: Coroutine[Any, Any, object]) -> None:
    try:
        await sweep
    except Unavailable:
        log.warning("not swept: the database does not answer")
    except Exception:
        # Whatever it was, the next sweep must come.
        log.exception("sweep failed")


async def close_sockets(app: Quart) -> None:
    """Send every browser away with 1012, spread over a moment, so that it comes back by itself."""
    served: Services = app.extensions["littlechat"]
    seconds = min(CLOSING_SECONDS, CLOSING_SECONDS_EACH * len(served.hub.sockets))
    await served.hub.close_all(RESTART, seconds)
