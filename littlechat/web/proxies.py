"""What a request tells of a proxy in front that we were not told of, or that leaves something out.

Headers of such a proxy decide nothing here: they lead to a sentence with the line to add, for who
runs the installation. Anybody could send them, so the sentence says when to leave all as it is.
"""

import logging
import time
from dataclasses import dataclass

from quart import request
from werkzeug.datastructures import Headers

from littlechat.core import host_name
from littlechat.web.services import services

FORWARDED = ("X-Forwarded-For", "X-Forwarded-Proto", "Forwarded")
LOCALHOSTS = ("localhost", "127.0.0.1", "[::1]")
TOLD_EVERY_SECONDS = 3_600

NGINX_HOST = "proxy_set_header Host $http_host;"
NGINX_FOR = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
NGINX_PROTO = "proxy_set_header X-Forwarded-Proto $scheme;"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong between the proxy and us, in a sentence, and the lines that mend it."""

    sentence: str
    lines: tuple[str, ...]


def came_by_https(headers: Headers, scheme: str) -> bool:
    """Whether the browser was on https, though the last stretch to us was perhaps not."""
    if scheme in ("https", "wss"):
        return True
    if "https" in (_first(headers, "X-Forwarded-Proto"), headers.get("Origin", "")[:5]):
        return True
    if "proto=https" in headers.get("Forwarded", "").lower():
        return True
    # Browsers send these over https, and over plain http to this machine itself alone.
    return "Sec-Fetch-Site" in headers and host_name(headers.get("Host", "")) not in LOCALHOSTS


def came_by_plain_http(headers: Headers, scheme: str) -> bool:
    """Whether a browser certainly was on plain http: its form says so."""
    return headers.get("Origin", "").startswith("http://") and not came_by_https(headers, scheme)


def find_trouble(headers: Headers, scheme: str, hops: int) -> Trouble | None:
    """Return what a request shows to be wrong with the proxy in front, or None."""
    sent = [name for name in FORWARDED if name in headers]
    if hops == 0 and sent:
        return Trouble(
            f"A proxy in front of littlechat sends {sent[0]}, and littlechat was not told to "
            "believe it: everybody seems to come from one address and shares its limits, and "
            "links begin with http://. Start littlechat with the line below. If no proxy stands "
            "in front, somebody made the header up: leave everything as it is.",
            ("PROXY_HOPS=1",),
        )
    told = len([one for one in headers.get("X-Forwarded-For", "").split(",") if one.strip()])
    if 0 < told < hops:
        return Trouble(
            f"PROXY_HOPS is {hops}, and the request names only {told} in X-Forwarded-For: nothing "
            "of what the proxy says is believed.",
            (f"PROXY_HOPS={told}",),
        )
    if hops and not told:
        return Trouble(
            f"PROXY_HOPS is {hops}, and no proxy says in X-Forwarded-For whom it asks for. Add "
            "the line below to it (this one is nginx’s), or set PROXY_HOPS=0 if there is none.",
            (NGINX_FOR,),
        )
    if came_by_https(headers, scheme) and scheme not in ("https", "wss"):
        line = (NGINX_PROTO,) if hops else (NGINX_FOR, NGINX_PROTO, "PROXY_HOPS=1")
        return Trouble(
            "A proxy in front of littlechat speaks https with browsers and does not say so: "
            "links begin with http://. Add these lines (the first kind to the proxy, as nginx "
            "spells them; PROXY_HOPS to the environment of littlechat).",
            line,
        )
    return None


def trouble_here() -> Trouble | None:
    """Return what this request shows to be wrong with the proxy in front, and log it at times."""
    trouble = find_trouble(request.headers, request.scheme, services().settings.proxy_hops)
    if trouble and is_due("proxy"):
        lines = " ".join(trouble.lines)
        log.warning(
            "the proxy in front is not set up as littlechat is",
            extra={"problem": trouble.sentence, "peer": request.remote_addr, "add": lines},
        )
    return trouble


def changed_host(headers: Headers) -> str:
    """Return how a proxy may make our page look like another site's, empty if nothing says so.

    It is one if the browser itself says that the page is ours, or the names are alike but for the
    port, or only a proxy can know the Host. Logged at times.
    """
    origin, host = headers.get("Origin", "")[:200], headers.get("Host", "")[:200]
    named, site = origin.partition("://")[2], headers.get("Sec-Fetch-Site")
    vouched = site in ("same-origin", "none")
    alike = bool(named) and host_name(named) == host_name(host)
    behind = site is None and (not host or host_name(host) in LOCALHOSTS or _is_forwarded(headers))
    if not named or not (vouched or alike or behind):
        return ""
    said = f"says it was {host}" if host else "says nothing of it"
    if is_due("host"):
        log.warning(
            "refused: the page’s address and the Host that a proxy sends differ; let it pass on "
            "what the browser sent, or these are another site’s pages",
            extra={"origin": origin, "host": host, "nginx": NGINX_HOST},
        )
    return (
        "If it did not, a proxy in front of littlechat changes the address: your page is at "
        f"{origin}, and the proxy {said}. Whoever runs it: let the proxy pass Host on, in nginx "
        f"with “{NGINX_HOST}”."
    )


def _is_forwarded(headers: Headers) -> bool:
    return any(name in headers for name in (*FORWARDED, "X-Real-IP", "Via"))


def _first(headers: Headers, name: str) -> str:
    return headers.get(name, "").partition(",")[0].strip().lower()


def is_due(kind: str) -> bool:
    """Whether a line of this kind was not logged for so long that it may be again."""
    told, moment = services().proxies_told, time.monotonic()
    if moment - told.get(kind, -TOLD_EVERY_SECONDS) < TOLD_EVERY_SECONDS:
        return False
    told[kind] = moment
    return True
