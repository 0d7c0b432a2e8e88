"""What a person typed into a form that is refused as too much can still be read.

Upstream: Quart 0.22, `wrappers/request.py`, `Body.__init__` and `Body.append` raise for a body that
is too large before any of it is parsed, and `formparser.py`, `MultiPartParser.parse`, drops the
fields of a form with the file in it that was one byte too large.
Cost: a browser without scripts has left the page of the form, and the text in it is lost.
Instead: `TEXT_BYTES` of a form are taken in however much it announces, a plain one whole, of others
what stands before their files. Handlers meet the same error; what was typed is in `kept_form`.
Guard: tests/server/test_kept_forms.py::test_a_form_that_is_too_large_keeps_its_fields,
tests/server/test_kept_forms.py::test_a_form_in_parts_keeps_what_stood_before_its_file
Until: Quart's error tells what was parsed before it.
"""

from collections.abc import AsyncIterator
from typing import Any, cast
from urllib.parse import parse_qsl

from quart.asgi import ASGIHTTPConnection
from quart.formparser import FormDataParser, ParserFunc
from quart.wrappers import Request
from quart.wrappers.request import Body
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge

from littlechat.server.body_limits import PLAIN_FORMS
from littlechat.server.paced_bodies import PacedBody, PacedRequest, Send

MULTIPART = "multipart/form-data"

TEXT_BYTES = 512 * 1024
"""Taken in of a form that is refused: many times the longest message, percent-encoded."""


class KeptBody(PacedBody):
    """A body that is read up to `kept_max`, and then refused if it is over `bytes_max`."""

    def __init__(self, expected: int | None, bytes_max: int, kept_max: int, *, plain: bool) -> None:
        super().__init__(expected, kept_max)
        self._allowed_max, self._kept_max, self._plain = bytes_max, kept_max, plain

    def append(self, data: bytes) -> None:
        """Take in a part; what came before it became too much is kept for its reader."""
        came = bytes(self._data) if self.came + len(data) > self._kept_max else b""
        super().append(data)
        if came and self._must_raise is not None:
            self._data.extend(came)
            self._has_data.set()

    def set_complete(self) -> None:
        """Let the reader go on to the end, or to what is wrong."""
        super().set_complete()
        if self._must_raise is None and self.came > self._allowed_max:
            self._must_raise = RequestEntityTooLarge()

    async def __anext__(self) -> bytes:
        if self._must_raise is not None and self._data:
            data = bytes(self._data)
            self._data.clear()
            return data
        return await super().__anext__()

    async def wait_for_room(self) -> None:
        """Return when more may come; a plain form is taken by its reader as a whole."""
        if not self._plain:
            await super().wait_for_room()

    @property
    def refused_data(self) -> bytes:
        """All of a plain form that came whole and is refused; nothing of a longer one."""
        is_whole = self._must_raise is not None and self.came <= self._kept_max
        return bytes(self._data) if is_whole else b""


class ClosedBody:
    """A body that ends, as its form ends, where it became too much."""

    def __init__(self, body: Body, boundary: bytes) -> None:
        self._body, self._boundary = body, boundary
        self.refused: RequestEntityTooLarge | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the parts that came, and then the end of the form."""
        try:
            async for data in self._body:
                yield data
        except RequestEntityTooLarge as error:
            self.refused = error
            yield b"\r\n--" + self._boundary + b"--\r\n"


class KeepingParser(FormDataParser):
    """Quart's parser, which keeps the fields of a form that is too much."""

    kept: "MultiDict[str, str] | None" = None

    async def _parse_parts(
        self, body: Body, mimetype: str, content_length: int | None, options: dict[str, str]
    ) -> tuple[Any, Any]:
        closed = ClosedBody(body, options.get("boundary", "").encode("ascii", "replace"))
        form, files = await self._parse_multipart(
            cast(Body, closed), mimetype, content_length, options
        )
        if closed.refused is None:
            return form, files
        for file in files.values():
            file.close()
        self.kept = form
        raise closed.refused

    async def _parse_plain(
        self, body: Body, mimetype: str, content_length: int | None, options: dict[str, str]
    ) -> tuple[Any, Any]:
        try:
            return await self._parse_urlencoded(body, mimetype, content_length, options)
        except RequestEntityTooLarge:
            data: bytes = getattr(body, "refused_data", b"")
            fields = parse_qsl(data.decode(errors="replace"), keep_blank_values=True)
            self.kept = MultiDict(fields)
            raise

    parse_functions = FormDataParser.parse_functions | {
        MULTIPART: cast(ParserFunc, _parse_parts),
        **dict.fromkeys(PLAIN_FORMS, cast(ParserFunc, _parse_plain)),
    }


class KeptFormsRequest(PacedRequest):
    """A request that knows what was typed into its form, be it refused."""

    form_data_parser_class = KeepingParser
    _parser: KeepingParser | None = None

    def make_form_data_parser(self) -> KeepingParser:
        """Return the parser of this request's form, which may have kept a part of it."""
        self._parser = cast(KeepingParser, super().make_form_data_parser())
        return self._parser

    @property
    def kept_form(self) -> "MultiDict[str, str] | None":
        """What was parsed of a form before it became too much, or None."""
        return self._parser.kept if self._parser else None


class KeptFormsConnection(ASGIHTTPConnection):
    """A request whose form is read though it is too large."""

    def _create_request_from_scope(self, send: Send) -> Request:
        request = super()._create_request_from_scope(send)
        expected, bytes_max = request.content_length, cast(int, request.max_content_length)
        if request.mimetype in PLAIN_FORMS:
            kept_max = max(bytes_max, TEXT_BYTES)
            request.body = KeptBody(expected, bytes_max, kept_max, plain=True)
        elif request.mimetype == MULTIPART:
            is_over = expected is not None and expected > bytes_max
            kept_max = min(bytes_max, TEXT_BYTES) if is_over else bytes_max
            request.body = KeptBody(None, bytes_max, kept_max, plain=False)
        return request
