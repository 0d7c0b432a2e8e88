"""The pages and sockets that people and programs reach: guards, error pages, handlers by noun.

Handlers are thin: they read a request, call one thing below, and answer with a page or a fragment.
Nothing here touches a collection or publishes an event. Owns no collections.
"""

from littlechat.web import (
    account,
    admin,
    api,
    auth,
    bots,
    direct_messages,
    files,
    health,
    installed,
    messages,
    notifications,
    people,
    reactions,
    rooms,
    search,
    socket,
    static_files,
    switcher,
    threads,
    unread,
)
from littlechat.web.clients import session_cookie_is_secure
from littlechat.web.errors import protect
from littlechat.web.request_log import log_requests
from littlechat.web.services import Services
from littlechat.web.static_files import require_browser_parts

__all__ = [
    "Services",
    "account",
    "admin",
    "api",
    "auth",
    "bots",
    "direct_messages",
    "files",
    "health",
    "installed",
    "log_requests",
    "messages",
    "notifications",
    "people",
    "protect",
    "reactions",
    "require_browser_parts",
    "rooms",
    "search",
    "session_cookie_is_secure",
    "socket",
    "static_files",
    "switcher",
    "threads",
    "unread",
]
