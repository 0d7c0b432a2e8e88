"""An HTTP client for URLs that users entered: it must not reach private networks (SSRF).

It resolves the host itself, checks every address, and connects to an address it has checked. Were
the name resolved again for connecting, it could lead elsewhere by then (DNS rebinding). It follows
no redirects and reads only the start of a response.
"""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import cast

import httpx

from littlechat.platform.network_guard import is_public

STEP_TIMEOUT_SECONDS = 5.0
"""Timeout of each step: resolving, connecting, sending, receiving the next part."""

REQUEST_TIMEOUT_SECONDS = 10.0
ANSWER_BYTES_MAX = 8 * 1024
ADDRESSES_TRIED_MAX = 3

RESOLVER_THREADS = 64
"""Names resolved at the same time. They have a thread pool of their own, because a name server that
does not answer blocks a thread for half a minute, and the default pool hashes passwords."""

Resolve = Callable[[str, int], Awaitable[list[str]]]


class Unreachable(Exception):
    """There was no response; the text is a sentence. With `permanent` a retry would fail as well.

    `resolving`, if given, is a look-up that still blocks a thread, since it cannot be cancelled.
    """

    def __init__(
        self,
        sentence: str,
        *,
        permanent: bool = False,
        resolving: "asyncio.Future[list[str]] | None" = None,
    ) -> None:
        super().__init__(sentence)
        self.permanent = permanent
        self.resolving = resolving


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A response: the status, the start of its text, and its Retry-After in seconds or 0."""

    status: int
    text: str = ""
    retry_after: int = 0


async def resolve_name(host: str, port: int, threads: Executor | None = None) -> list[str]:
    """Return the IP addresses of a host, in the system's order; raise `OSError`."""
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(threads, ask)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class HttpClient:
    """The client. With `private`, private addresses are allowed, including this machine's."""

    def __init__(self, *, private: bool, resolve: Resolve | None = None) -> None:
        self._private = private
        self._threads = ThreadPoolExecutor(RESOLVER_THREADS, "resolve")
        self._resolve = resolve or self._ask_system
        self._client: httpx.AsyncClient | None = None

    async def _ask_system(self, host: str, port: int) -> list[str]:
        return await resolve_name(host, port, self._threads)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> HttpResponse:
        """Post `body` and return the response, be it a redirect or an error.

        Raises `Unreachable` without a response.
        """
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_SECONDS):
                return await self._post(httpx.URL(url), body, headers)
        except (TimeoutError, httpx.TimeoutException):
            raise Unreachable("It did not answer in time.") from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise Unreachable("Its address is malformed.", permanent=True) from None
        except httpx.HTTPError as error:
            raise Unreachable(f"The connection failed: {_short(error)}") from None

    async def _post(self, url: httpx.URL, body: bytes, headers: Mapping[str, str]) -> HttpResponse:
        host = url.raw_host.decode()
        addresses = await self._addresses(host, url.port or (443 if url.scheme == "https" else 80))
        for address in addresses[:-1]:
            try:
                return await self._ask(url, host, address, body, headers)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._ask(url, host, addresses[-1], body, headers)

    async def _addresses(self, host: str, port: int) -> list[str]:
        resolving = asyncio.ensure_future(self._resolve(host, port))
        # Read its exception, lest asyncio logs that nobody did: we may have stopped waiting.
        resolving.add_done_callback(lambda one: one.cancelled() or one.exception())
        if not (await asyncio.wait([resolving], timeout=STEP_TIMEOUT_SECONDS))[0]:
            raise Unreachable("The name in its address is not known.", resolving=resolving)
        try:
            found = resolving.result()
        except (OSError, UnicodeError):
            found = []
        if not found:
            raise Unreachable("The name in its address is not known.")
        if not self._private and not all(map(is_public, found)):
            raise Unreachable(
                "Its address leads into a private network, which this littlechat does not allow.",
                permanent=True,
            )
        return found[:ADDRESSES_TRIED_MAX]

    async def _ask(
        self, url: httpx.URL, host: str, address: str, body: bytes, headers: Mapping[str, str]
    ) -> HttpResponse:
        async with self._open().stream(
            "POST",
            url.copy_with(host=address),
            content=body,
            headers={**headers, "Host": url.netloc.decode(), "Accept-Encoding": "identity"},
            # We connect to an address, but the certificate must be valid for the name.
            extensions={"sni_hostname": host},
        ) as response:
            return HttpResponse(response.status_code, await _text(response), _retry_after(response))

    def _open(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                verify=httpx.create_ssl_context(),
                timeout=STEP_TIMEOUT_SECONDS,
                follow_redirects=False,
                # A kept connection is found again by address, though its certificate was checked
                # for another name.
                limits=httpx.Limits(max_keepalive_connections=0),
                # A proxy from the environment would resolve the name itself, unchecked.
                trust_env=False,
                headers={"User-Agent": "littlechat"},
            )
        return self._client

    async def close(self) -> None:
        """Close the connections and give up look-ups that have not begun."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._client is not None:
            await self._client.aclose()


async def _text(response: httpx.Response) -> str:
    """Return the body if it is plain text, or the member `text` of a JSON object; else ""."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind not in ("text/plain", "application/json") or "Content-Encoding" in response.headers:
        return ""
    raw = b""
    # httpx declares an iterator, but it is a generator, which is closed here and not by the
    # garbage collector.
    async with aclosing(cast("AsyncGenerator[bytes, None]", response.aiter_raw())) as parts:
        async for part in parts:
            raw += part
            if len(raw) >= ANSWER_BYTES_MAX:
                break
    text = raw[:ANSWER_BYTES_MAX].decode(errors="ignore")
    return text if kind == "text/plain" else _text_of_json(text)


def _text_of_json(text: str) -> str:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    found = value.get("text") if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def _retry_after(response: httpx.Response) -> int:
    seconds = response.headers.get("Retry-After", "")
    return int(seconds) if seconds.isascii() and seconds.isdigit() and len(seconds) < 6 else 0


def _short(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:120]
