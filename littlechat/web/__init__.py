"""The pages and sockets that browsers and programs use: guards, error pages, handlers by noun.

Handlers are thin: they read a request, call one thing below, and answer with a page or a fragment.
Nothing here touches a collection or publishes an event. Owns no collections.
"""

from littlechat.web.blueprints import register_pages
from littlechat.web.clients import session_cookie_is_secure
from littlechat.web.services import Services
from littlechat.web.static_files import require_browser_parts

__all__ = [
    "Services",
    "register_pages",
    "require_browser_parts",
    "session_cookie_is_secure",
]
