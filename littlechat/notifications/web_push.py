"""Web Push: encrypts a notification for one browser and sends it to that browser's push service.

A push service learns only that this installation sends so many bytes to a browser, and when. The
address comes from the browser, so it must never lead into a private network, and is never logged.
"""

import asyncio
import socket
import time
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02  # type: ignore[import-untyped]
from pywebpush import WebPusher, WebPushException  # type: ignore[import-untyped]

from littlechat.notifications.places import AT_ONCE
from littlechat.notifications.rules import Notification, Subscription
from littlechat.platform import is_public, resolve_name

SECONDS = 10.0
"""How long a push service may take."""

ENCRYPTED_AT_ONCE = 2

LASTING_SECONDS = 12 * 60 * 60
"""How long a push service keeps a notification for a browser that is not connected."""

SIGNED_SECONDS = 6 * 60 * 60
"""How long a signature is valid; at most a day (RFC 8292, section 2)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a push service answered: `later` may be tried again; at `gone` there is no browser."""

    kind: Literal["sent", "gone", "later", "refused"]
    status: int = 0
    retry_after: float | None = None


def new_key() -> str:
    """Return a new private key: 32 bytes in URL-safe Base64."""
    vapid = Vapid02()
    vapid.generate_keys()
    return _text(vapid.private_key.private_numbers().private_value.to_bytes(32, "big"))


def public_key(private: str) -> str:
    """Return the public key of a private one, in the form that browsers take."""
    key = Vapid02.from_raw(private.encode()).public_key
    return _text(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


class Resolver(AbstractResolver):
    """Resolves host names in threads of its own, and refuses those in a private network.

    aiohttp connects to what this returns, so that a name cannot resolve to something else between
    the check and the connection. Its own resolver shares the threads in which passwords are hashed.
    """

    def __init__(self, *, private: bool) -> None:
        self._private = private
        self._threads = ThreadPoolExecutor(AT_ONCE, "resolve")
        self._under_way: dict[str, asyncio.Task[list[str]]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of `host`; raise `OSError`."""
        # Asked for again while a look-up is under way, its answer is waited for.
        task = self._under_way.get(host)
        if task is None:
            task = asyncio.create_task(resolve_name(host, port, self._threads))
            self._under_way[host] = task
            task.add_done_callback(lambda done: self._on_done(host, done))
        found = await asyncio.shield(task)
        if not (self._private or all(map(is_public, found))):
            raise OSError("not a public address")
        return [_result(host, port, address) for address in found]

    def _on_done(self, host: str, task: "asyncio.Task[list[str]]") -> None:
        del self._under_way[host]
        # Read its exception, lest asyncio logs that nobody did: we may have stopped waiting.
        if not task.cancelled():
            task.exception()

    async def settle(self, host: str) -> None:
        """Wait until no thread looks `host` up any more."""
        if task := self._under_way.get(host):
            await asyncio.wait([task])

    async def close(self) -> None:
        """Give up look-ups that have not begun."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _result(host: str, port: int, address: str) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(
        hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST
    )


class Push:
    """The client for push services. `private` allows addresses in private networks, for tests."""

    def __init__(self, *, private: bool = False) -> None:
        self._resolver = Resolver(private=private)
        # Apart from the threads in which passwords are hashed.
        self._encrypting = ThreadPoolExecutor(ENCRYPTED_AT_ONCE, "encrypt")
        self._session: aiohttp.ClientSession | None = None

    async def send(
        self, key: str, subscription: Subscription, notification: Notification
    ) -> Answer:
        """Send a notification, signed with the private `key`. Every failure is an `Answer`."""
        try:
            body, headers = await asyncio.get_running_loop().run_in_executor(
                self._encrypting, _encrypted, key, subscription, notification
            )
        except (WebPushException, ValueError):
            return Answer("gone")  # Keys that are not valid: no browser made them.
        try:
            async with self._open().post(
                subscription.endpoint, data=body, headers=headers, allow_redirects=False
            ) as response:
                return _answer(response.status, response.headers.get("Retry-After", ""))
        except (aiohttp.ClientError, OSError, ValueError):
            return Answer("later")

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            # Every place has a connection, so that the slow hold up nobody here either.
            connector = aiohttp.TCPConnector(limit=AT_ONCE, resolver=self._resolver)
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    async def settle(self, service: str) -> None:
        """Wait until no thread looks up the name of a push service any more."""
        await self._resolver.settle(urlsplit(f"//{service}").hostname or "")

    async def close(self) -> None:
        """Close the connections."""
        await self._resolver.close()
        self._encrypting.shutdown(wait=False, cancel_futures=True)
        if self._session is not None:
            await self._session.close()


def _encrypted(
    key: str, subscription: Subscription, notification: Notification
) -> tuple[bytes, dict[str, str]]:
    """Return a notification encrypted for its browser (RFC 8291), and the request's headers."""
    keys = {"p256dh": subscription.p256dh, "auth": subscription.auth}
    pusher = WebPusher({"endpoint": subscription.endpoint, "keys": keys})
    body = pusher.encode(notification.packed())["body"]
    parts = urlsplit(subscription.endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "sub": subscription.contact,
        "exp": int(time.time()) + SIGNED_SECONDS,
    }
    vapid = Vapid02.from_raw(key.encode())
    # The library refuses host names without a dot, which home networks have.
    vapid.conf["no-strict"] = True
    headers = {
        **vapid.sign(claims),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(LASTING_SECONDS),
        "Urgency": "high" if notification.urgent else "normal",
        "Topic": notification.tag,
    }
    return body, headers


def _answer(status: int, retry_after: str) -> Answer:
    if 200 <= status < 300:
        return Answer("sent", status)
    if status in (404, 410):
        return Answer("gone", status)
    if status == 429 or status >= 500:
        wait = float(retry_after) if retry_after.isdecimal() and len(retry_after) < 6 else None
        return Answer("later", status, wait)
    return Answer("refused", status)
