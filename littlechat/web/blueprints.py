"""All handlers, registered with an application."""

from quart import Quart

from littlechat.web import (
    account,
    admin,
    api,
    auth,
    bots,
    confirmations,
    direct_messages,
    files,
    health,
    installed,
    mentions,
    messages,
    notifications,
    people,
    reactions,
    rooms,
    search,
    setup,
    socket,
    switcher,
    threads,
    unread,
)
from littlechat.web.errors import protect
from littlechat.web.request_log import log_requests
from littlechat.web.static_files import serve_static

NOUNS = (
    auth,
    setup,
    account,
    admin,
    confirmations,
    people,
    rooms,
    messages,
    mentions,
    threads,
    reactions,
    direct_messages,
    switcher,
    unread,
    files,
    search,
    notifications,
    installed,
    bots,
    api,
    socket,
    health,
)


def register_pages(app: Quart) -> None:
    """Register all routes, guards and error pages with `app`."""
    protect(app)
    for noun in NOUNS:
        app.register_blueprint(noun.blueprint)
    serve_static(app)
    log_requests(app)
