"""A push service on this machine, and the browsers that it stands for: they hold the keys."""

import json
import os
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import http_ece  # type: ignore[import-untyped]
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02  # type: ignore[import-untyped]

from tests.factories import Person
from tests.tabs import until


def text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def data(base64: str) -> bytes:
    return urlsafe_b64decode(base64 + "=" * (-len(base64) % 4))


@dataclass
class Pushed:
    """One request to the push service."""

    headers: dict[str, str]
    body: bytes


@dataclass
class FakeBrowser:
    """A browser's subscription: its address, its keys, and what was sent to it."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    secret: bytes = field(default_factory=lambda: os.urandom(16))
    pushed: list[Pushed] = field(default_factory=list)

    @property
    def p256dh(self) -> str:
        return text(
            self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        )

    @property
    def auth(self) -> str:
        return text(self.secret)

    @property
    def fields(self) -> dict[str, str]:
        """What a page sends of it."""
        return {"endpoint": self.endpoint, "p256dh": self.p256dh, "auth": self.auth}

    def read(self, pushed: Pushed) -> dict[str, Any]:
        """Return what was sent, decrypted."""
        plain = http_ece.decrypt(
            pushed.body, private_key=self.key, auth_secret=self.secret, version="aes128gcm"
        )
        found: dict[str, Any] = json.loads(plain)
        return found

    @property
    def notifications(self) -> list[dict[str, Any]]:
        """All that was sent, decrypted."""
        return [self.read(one) for one in self.pushed]

    async def next(self, count: int = 1) -> dict[str, Any]:
        """Wait until so much was sent; return the last."""
        await until(lambda: len(self.pushed) >= count)
        return self.notifications[-1]


class PushService:
    """Answers 201, or what `answers` says of the next requests."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.browsers: dict[str, FakeBrowser] = {}

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/{path}", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.origin = f"http://localhost:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    def browser(self, name: str = "one") -> FakeBrowser:
        """Return a new browser."""
        self.browsers[name] = FakeBrowser(f"{self.origin}/{name}")
        return self.browsers[name]

    async def subscribed(self, person: Person, name: str = "") -> FakeBrowser:
        """Return a browser that was put up for notifications of a person."""
        browser = self.browser(name or person.name)
        answer = await person.post("/account/notifications/subscribe", False, **browser.fields)
        assert answer.status_code == 303, answer.text
        return browser

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        browser = self.browsers[request.match_info["path"]]
        browser.pushed.append(Pushed(dict(request.headers), body))
        status, headers = self.answers.pop(0) if self.answers else (201, {})
        return web.Response(status=status, headers=headers)


def signature(pushed: Pushed) -> tuple[dict[str, Any], str]:
    """Return what a request's signature claims, checked, and with which public key."""
    header = pushed.headers["Authorization"]
    assert Vapid02.verify(header)
    parts = dict(part.split("=", 1) for part in header.removeprefix("vapid ").split(","))
    claims: dict[str, Any] = json.loads(data(parts["t"].split(".")[1]))
    assert time.time() < claims["exp"] < time.time() + 24 * 3600
    return claims, parts["k"]
