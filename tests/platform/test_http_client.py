"""No URL reaches a private network, and no response is read without end."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from littlechat.platform import http_client as http_client_module
from littlechat.platform.http_client import (
    ANSWER_BYTES_MAX,
    HttpClient,
    HttpResponse,
    Unreachable,
    resolve_name,
)
from tests.factories import WAIT_SECONDS
from tests.receivers import Receiver, answer


@pytest.fixture
async def free() -> AsyncIterator[HttpClient]:
    """A client that may ask this machine."""
    client = HttpClient(private=True)
    yield client
    await client.close()


async def refusal(client: HttpClient, url: str) -> Unreachable:
    with pytest.raises(Unreachable) as refused:
        await client.post(url, b"{}", {})
    return refused.value


async def test_a_post_arrives_as_it_was_sent(free: HttpClient) -> None:
    async with Receiver(answer(200, "hello")) as receiver:
        found = await free.post(f"{receiver.url}?a=b", b"body", {"X-Sign": "s"})
        assert found == HttpResponse(200, "hello")
        request = receiver.received[0]
        assert request.line == "POST /hook?a=b HTTP/1.1"
        assert request.body == b"body"
        assert request.headers["host"] == f"localhost:{receiver.port}"
        assert request.headers["x-sign"] == "s"
        assert "cookie" not in request.headers


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/",
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://0/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[fe80::1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1:8080/",
        "https://192.168.1.1/",
        "http://１２７.０.０.１/",
    ],
)
async def test_private_addresses_are_refused_in_every_spelling(url: str) -> None:
    refused = await refusal(HttpClient(private=False), url)
    # A spelling that the resolver does not know is refused as well.
    assert refused.permanent or "not known" in str(refused)


async def test_a_name_with_one_private_address_is_refused() -> None:
    async def both(host: str, port: int) -> list[str]:
        return ["1.1.1.1", "10.0.0.1"]

    assert (await refusal(HttpClient(private=False, resolve=both), "http://a.example/")).permanent


async def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    async with Receiver() as receiver:
        client = HttpClient(private=True, resolve=rebinding)
        await client.post(f"http://no-such-name.invalid:{receiver.port}/", b"", {})
        assert asked == ["no-such-name.invalid"]
        assert receiver.received[0].headers["host"] == f"no-such-name.invalid:{receiver.port}"
        await client.close()


async def test_the_next_address_is_tried_when_one_refuses() -> None:
    async def two(host: str, port: int) -> list[str]:
        return ["127.255.255.254", "127.0.0.1"]

    async with Receiver(answer(200, "hello")) as receiver:
        client = HttpClient(private=True, resolve=two)
        assert (await client.post(f"http://a.example:{receiver.port}/", b"", {})).status == 200
        await client.close()


async def test_redirects_are_not_followed(free: HttpClient) -> None:
    async with Receiver(answer(302, Location="http://localhost:1/")) as receiver:
        assert (await free.post(receiver.url, b"", {})).status == 302
        assert len(receiver.received) == 1


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (answer(200, "plain words"), "plain words"),
        (answer(200, "héllo", "text/plain; charset=utf-8"), "héllo"),
        (answer(200, '{"text": "in JSON"}', "application/json"), "in JSON"),
        (answer(200, '{"text": 5}', "application/json"), ""),
        (answer(200, '{"words": "x"}', "application/json"), ""),
        (answer(200, '["text"]', "application/json"), ""),
        (answer(200, "{", "application/json"), ""),
        (answer(200, "[" * 8_000, "application/json"), ""),
        (answer(200, "<p>ok</p>", "text/html"), ""),
        (answer(200, "ok", "text/plain", Content_Encoding="gzip"), ""),
        (answer(204), ""),
    ],
)
async def test_only_text_is_returned(free: HttpClient, reply: bytes, text: str) -> None:
    async with Receiver(reply) as receiver:
        assert (await free.post(receiver.url, b"", {})).text == text


async def test_an_endless_response_is_cut_off(free: HttpClient) -> None:
    async with Receiver(answer(200, "x" * 5_000_000)) as receiver:
        found = await free.post(receiver.url, b"", {})
        assert len(found.text) == ANSWER_BYTES_MAX


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7), ("0", 0), ("-1", 0), ("soon", 0), ("9" * 9, 0), ("", 0)],
)
async def test_retry_after_is_read(free: HttpClient, value: str, seconds: int) -> None:
    async with Receiver(answer(429, Retry_After=value)) as receiver:
        assert await free.post(receiver.url, b"", {}) == HttpResponse(429, "", seconds)


async def test_a_silent_server_times_out(free: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client_module, "REQUEST_TIMEOUT_SECONDS", 0.2)
    async with Receiver() as receiver:
        receiver.hold.clear()
        refused = await refusal(free, receiver.url)
        assert str(refused) == "It did not answer in time."
        assert not refused.permanent


async def test_every_failure_is_described(free: HttpClient) -> None:
    async with Receiver(None, b"no http at all\r\n\r\n") as receiver:
        for _ in range(2):
            refused = await refusal(free, receiver.url)
            assert str(refused).startswith("The connection failed: ")
            assert not refused.permanent
    refused = await refusal(free, receiver.url)
    assert not refused.permanent
    unknown = await refusal(free, "http://no-such-name.invalid/")
    assert str(unknown) == "The name in its address is not known."
    for malformed in ("ftp://localhost/", "http://a.example/\n", "x" * 70_000):
        assert (await refusal(free, malformed)).permanent


async def test_a_name_of_a_label_too_long_is_not_known(free: HttpClient) -> None:
    assert "not known" in str(await refusal(free, f"http://{'a' * 80}.example/"))


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The name servers do not answer until this is set, at the end of the test."""
    spoken = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: spoken.wait(10) and [])
    yield spoken
    spoken.set()


async def test_names_that_do_not_resolve_block_no_threads_of_others(
    free: HttpClient, silent: threading.Event
) -> None:
    asked = [asyncio.create_task(refusal(free, "http://a.example/")) for _ in range(40)]
    await asyncio.sleep(0)
    assert await asyncio.to_thread(lambda: "a password is checked")
    assert not any(one.done() for one in asked)
    silent.set()
    await asyncio.gather(*asked)


async def test_a_name_that_does_not_resolve_gives_the_look_up_that_blocks_a_thread(
    free: HttpClient, silent: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client_module, "STEP_TIMEOUT_SECONDS", 0.05)
    refused = await refusal(free, "http://a.example/")
    assert str(refused) == "The name in its address is not known."
    assert not refused.permanent
    assert refused.resolving
    assert not refused.resolving.done()
    silent.set()
    async with asyncio.timeout(WAIT_SECONDS):
        assert await refused.resolving == []


async def test_names_resolve_as_the_system_says() -> None:
    assert "127.0.0.1" in await resolve_name("localhost", 80)
    async with asyncio.timeout(WAIT_SECONDS):
        assert await resolve_name("::1", 80) == ["::1"]
