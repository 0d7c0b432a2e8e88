"""Files: sending one ahead of its message, and handing them out to those who may see their room."""

import asyncio
from collections.abc import AsyncIterable
from urllib.parse import quote

from quart import Blueprint, Response, request
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, RequestTimeout

from littlechat.core import File, Membership, Session, User
from littlechat.files import UPLOAD_TIMEOUT_SECONDS, Upload, is_inline, parts_of
from littlechat.platform import UPLOAD, Missing
from littlechat.web.guards import (
    may_read_on,
    member_of,
    read_on,
    reads_body,
    require_still,
    signed_in,
    takes_files,
    while_allowed,
)
from littlechat.web.pages import page
from littlechat.web.services import services

blueprint = Blueprint("files", __name__)

HEADERS = {
    # Whatever it is, opened by itself it is nobody's page: no script, no form, no origin.
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'; style-src 'unsafe-inline'; img-src 'self'; "
    "media-src 'self'",
    "X-Content-Type-Options": "nosniff",
    # A file never changes; what another signed-in person of this browser asks for is looked up.
    "Cache-Control": "private, max-age=86400, immutable",
    "Vary": "Cookie",
    "Accept-Ranges": "bytes",
}


@blueprint.post("/rooms/<room>/files")
@takes_files
@member_of
@reads_body
async def post_file(session: Session, membership: Membership) -> ResponseReturnValue:
    """Take a file as the bare body, its name in the query; answer with what goes into the form."""
    uploads = services().files.uploads
    await services().platform.rate_limits.hit(UPLOAD, session.user.id)
    uploads.require_size(request.content_length or 0)
    name = request.args.get("name", "")
    profile = await services().accounts.profiles.get(session.user.name)
    try:
        async with asyncio.timeout(UPLOAD_TIMEOUT_SECONDS):
            upload = await uploads.add(
                membership.room_id,
                session.user,
                name,
                while_allowed(request.body),
                keeps_position=profile.keeps_position,
                require_still=require_still,
            )
    except TimeoutError:
        raise RequestTimeout("This file took too long to arrive. Try again.") from None
    placeless = upload.placeless
    return page("files/_attachments.html", 201, attached=[upload.file], placeless=placeless)


@blueprint.get("/rooms/<room>/files")
@member_of
async def show_waiting(session: Session, membership: Membership) -> ResponseReturnValue:
    """Return those of one's files that still wait for a message, for a page that was reloaded."""
    ids = request.args.getlist("id")
    found = await services().files.attachments.list_unattached(
        membership.room_id, session.user, ids
    )
    return page("files/_attachments.html", attached=found)


@blueprint.post("/files/<unattached_id>/discard")
@signed_in
async def post_discard(session: Session, unattached_id: str) -> ResponseReturnValue:
    """Delete one's own file that no message has."""
    await services().files.discard(unattached_id, session.user)
    return Response("", status=204)


@blueprint.get("/files/<file_id>")
@signed_in
async def show_file(session: Session, file_id: str) -> ResponseReturnValue:
    """Hand out a file, or the part of it that is asked for."""
    upload = await _visible(session, file_id)
    file, uploads = upload.file, services().files
    headers = HEADERS | {
        "Content-Type": "text/plain; charset=utf-8" if file.type == "text/plain" else file.type,
        "Content-Disposition": _disposition(file),
        "ETag": f'"{upload.digest[:32]}"',
    }
    if request.if_none_match.contains_weak(upload.digest[:32]):
        return Response("", status=304, headers=headers)
    start, stop, status = _span(file.size, upload.digest[:32])
    if status == 416:
        headers["Content-Range"] = f"bytes */{file.size}"
        return Response("", status=status, headers=headers)
    if status == 206:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{file.size}"
    pieces = read_on(uploads.read(upload, start, stop), may_read_on(session, upload.room_id))
    return _streamed(pieces, stop - start, status, headers)


@blueprint.get("/files/<file_id>/thumb")
@signed_in
async def show_thumbnail(session: Session, file_id: str) -> ResponseReturnValue:
    """Hand out the small picture of a picture."""
    upload = await _visible(session, file_id)
    if not upload.thumbnail_size:
        raise Missing
    headers = HEADERS | {
        "Content-Type": "image/webp",
        "Content-Disposition": "inline",
        "Accept-Ranges": "none",
    }
    may = may_read_on(session, upload.room_id)
    pieces = read_on(services().files.read_thumbnail(upload), may)
    return _streamed(pieces, upload.thumbnail_size, 200, headers)


async def _visible(session: Session, file_id: str) -> Upload:
    """Return a file that this person may see now; raise `Missing`."""
    served = services()
    upload = await served.files.get(file_id, session.user)
    if await served.rooms.access.find_membership(upload.room_id, session.user) is None:
        raise Missing
    return upload


def _disposition(file: File) -> str:
    """Return how a browser is to take a file, with its name for old and new ones (RFC 6266)."""
    shown = is_inline(file.type) and "download" not in request.args
    plain = "".join(
        char if char.isascii() and char.isprintable() and char not in '"\\%;' else "_"
        for char in file.name
    )
    kind = "inline" if shown else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}"


def _span(size: int, etag: str) -> tuple[int, int, int]:
    """Return where to start and stop, and the status: one range is served, of many the whole."""
    asked, whole = request.range, (0, size, 200)
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return whole
    if "If-Range" in request.headers and not _is_same(etag):
        return whole
    begin, end = asked.ranges[0]
    start = max(0, size + begin) if begin < 0 else begin
    stop = size if end is None else min(end, size)
    return (start, stop, 206) if start < stop else (0, 0, 416)


def _is_same(etag: str) -> bool:
    return request.headers.get("If-Range", "") == f'"{etag}"'


def _streamed(
    pieces: AsyncIterable[bytes], size: int, status: int, headers: dict[str, str]
) -> Response:
    # To a HEAD nothing may be read.
    head = request.method == "HEAD"
    response = Response(b"" if head else pieces, status=status, headers=headers)
    response.content_length = size
    return response


async def form_files(room_id: str, user: User, ids: list[str]) -> None:
    """Append to `ids` those of the files of a message form, after storing those in the form itself.

    If one is refused, the files before it are stored and in `ids`; if their sender has lost the
    right to send them, nothing of them stays.
    """
    ids += map(str, (await request.form).getlist("file"))
    try:
        await _store_files(room_id, user, ids)
        if ids:
            await require_still()
    except (HTTPException, Missing):
        services().platform.tasks.spawn(services().files.discard_some(ids, user))
        raise


async def _store_files(room_id: str, user: User, ids: list[str]) -> None:
    served = services()
    for sent in (await request.files).getlist("upload"):
        if sent.filename:
            await served.platform.rate_limits.hit(UPLOAD, user.id)
            keeps = (await served.accounts.profiles.get(user.name)).keeps_position
            name, parts = sent.filename, parts_of(sent.stream)
            upload = await served.files.uploads.add(
                room_id,
                user,
                name,
                while_allowed(parts),
                keeps_position=keeps,
                require_still=require_still,
            )
            ids.append(upload.file.id)
