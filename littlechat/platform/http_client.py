"""Asks an address on the web that somebody gave us, and reads no more of its answer than is wanted.

The name is resolved here, every address of it is judged, and the connection goes to one of those:
what a name means may not change between the judging and the connecting.
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

STEP_SECONDS = 5.0
"""For each of: resolving, connecting, sending, the next part of the answer."""

WHOLE_SECONDS = 10.0
ANSWER_BYTES_MAX = 8 * 1024
ADDRESSES_TRIED = 3

RESOLVED_AT_ONCE = 64
"""In threads of their own: a name server that keeps silent holds one for half a minute, and
passwords are checked in the threads that all share."""

Resolve = Callable[[str, int], Awaitable[list[str]]]


class Unreachable(Exception):
    """No answer came; the text is a sentence. `lasting`: trying again would change nothing.

    `resolving` is what still holds a thread, which cannot be cancelled.
    """

    def __init__(
        self,
        sentence: str,
        *,
        lasting: bool = False,
        resolving: "asyncio.Future[list[str]] | None" = None,
    ) -> None:
        super().__init__(sentence)
        self.lasting = lasting
        self.resolving = resolving


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the start of its text, and when to try again if it says so."""

    status: int
    text: str = ""
    retry_after: int = 0


async def resolve(host: str, port: int, threads: Executor | None = None) -> list[str]:
    """Return the addresses that a name stands for, in the system's order; raise `OSError`."""
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(threads, ask)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class HttpClient:
    """The client. With `private` even this machine's own addresses may be asked."""

    def __init__(self, *, private: bool, resolve: Resolve | None = None) -> None:
        self._private = private
        self._threads = ThreadPoolExecutor(RESOLVED_AT_ONCE, "resolve")
        self._resolve = resolve or self._ask_system
        self._client: httpx.AsyncClient | None = None

    async def _ask_system(self, host: str, port: int) -> list[str]:
        return await resolve(host, port, self._threads)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post `body`, follow no redirect, and return the answer; raise `Unreachable`."""
        try:
            async with asyncio.timeout(WHOLE_SECONDS):
                return await self._post(httpx.URL(url), body, headers)
        except (TimeoutError, httpx.TimeoutException):
            raise Unreachable("It did not answer in time.") from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise Unreachable("Its address is malformed.", lasting=True) from None
        except httpx.HTTPError as error:
            raise Unreachable(f"The connection failed: {_short(error)}") from None

    async def _post(self, url: httpx.URL, body: bytes, headers: Mapping[str, str]) -> Answer:
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
        # Nobody may be left who wants to know how it ended.
        resolving.add_done_callback(lambda one: one.cancelled() or one.exception())
        if not (await asyncio.wait([resolving], timeout=STEP_SECONDS))[0]:
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
                lasting=True,
            )
        return found[:ADDRESSES_TRIED]

    async def _ask(
        self, url: httpx.URL, host: str, address: str, body: bytes, headers: Mapping[str, str]
    ) -> Answer:
        async with self._open().stream(
            "POST",
            url.copy_with(host=address),
            content=body,
            headers={**headers, "Host": url.netloc.decode(), "Accept-Encoding": "identity"},
            # The certificate must be the name's, though it is an address that is connected to.
            extensions={"sni_hostname": host},
        ) as response:
            return Answer(response.status_code, await _text(response), _retry_after(response))

    def _open(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                verify=httpx.create_ssl_context(),
                timeout=STEP_SECONDS,
                follow_redirects=False,
                # A kept connection would be found by its address: another name's certificate.
                limits=httpx.Limits(max_keepalive_connections=0),
                # No proxy of the environment's: it would resolve and connect unjudged.
                trust_env=False,
                headers={"User-Agent": "littlechat"},
            )
        return self._client

    async def close(self) -> None:
        """Let go of the connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._client is not None:
            await self._client.aclose()


async def _text(response: httpx.Response) -> str:
    """Return the text of an answer: plain text, or what a JSON object has under `text`."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind not in ("text/plain", "application/json") or "Content-Encoding" in response.headers:
        return ""
    raw = b""
    # httpx says less than it is: closed here, not whenever it is collected.
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
