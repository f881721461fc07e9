"""Request bodies with pictures in them: read up to a limit and not a byte further, never onto a disk."""

import asyncio
import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from sightline.errors import BodyTimeout, BodyTooLarge, MalformedRequest, UrlRefused
from sightline.serving.bounded_json import read_json
from sightline.serving.exchange import Exchange
from sightline.serving.security import Links

_LONG = 256 * 1024
"""From so many bytes of JSON on, a thread reads it: the event loop has others to attend to."""
_MOST_VALUES = 10_000
"""In JSON: a picture has four, and commas in its name."""
_CHARSETS = (b"utf-8", b"utf8", b"us-ascii")
_SHAPE = 'Send {"image": "<base64>"} or {"images": ["<base64>", {"name": "b.jpg", "data": "<base64>"}]}.'

Count = Callable[[int], None]


@dataclass(frozen=True)
class Upload:
    """One encoded picture of a body, and what its sender calls it."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Link:
    """A picture that is still to be fetched, and what its sender calls it."""

    name: str
    url: str


@dataclass(frozen=True)
class Limits:
    """Bytes of the whole body and of one picture, pictures in a body, and seconds until it has arrived.

    links
        Where pictures may be fetched from by their address; None: from nowhere.
    """

    body: int
    image: int
    files: int
    seconds: float
    links: Links | None = None


async def read_images(exchange: Exchange, limits: Limits, count: Count) -> tuple[Sequence[Upload], bool]:
    """Read the pictures of a body: raw, a multipart form, or JSON with base64; say whether it can hold several.

    count is called with each number of bytes that arrived.

    Raises:
        BodyTimeout: it did not arrive in time.
        BodyTooLarge: it is larger than the limit.
        MalformedRequest: the form or the JSON does not parse, or holds no picture or too many.
        UrlRefused, UrlUnreachable: an address in the JSON is not allowed, or gives no picture.
    """
    kind = exchange.headers.get(b"content-type", b"").split(b";")[0].strip().lower()
    try:
        async with asyncio.timeout(limits.seconds):
            if kind == b"multipart/form-data":
                return await _form(exchange, limits, count), True
            if kind == b"application/json":
                given, several = await _json(exchange, limits, count)
            else:
                largest = min(limits.body, limits.image)
                data = b"".join([chunk async for chunk in exchange.chunks(largest, count)])
                return [Upload("", data)], False
    except TimeoutError as err:
        raise BodyTimeout(f"The request body did not arrive within {limits.seconds:g} s.") from err
    return await _fetched(given, limits, count), several


async def read_whole(exchange: Exchange, limit: int, seconds: float, count: Count) -> bytes:
    """Read a body of any kind, up to `limit` bytes.

    Raises:
        BodyTimeout: it did not arrive in time.
        BodyTooLarge: it is larger than the limit.
    """
    try:
        async with asyncio.timeout(seconds):
            return b"".join([chunk async for chunk in exchange.chunks(limit, count)])
    except TimeoutError as err:
        raise BodyTimeout(f"The request body did not arrive within {seconds:g} s.") from err


async def _form(exchange: Exchange, limits: Limits, count: Count) -> Sequence[Upload]:
    _check_charset(exchange.headers.get(b"content-type", b""))
    parser = MultiPartParser(
        Headers(raw=exchange.scope["headers"]),
        exchange.chunks(limits.body, count),
        max_files=limits.files,
        max_fields=16,
    )
    # Pictures stay in memory: nobody asked for them to be written to a disk.
    parser.spool_max_size = limits.body + 1
    try:
        form = await parser.parse()
    except MultiPartException as err:
        raise MalformedRequest(f"The multipart form does not parse: {err.message}") from err
    files = [part for _, part in form.multi_items() if isinstance(part, UploadFile)]
    uploads = [Upload(file.filename or "", await file.read()) for file in files]
    await form.close()
    if not uploads:
        raise MalformedRequest("The multipart form holds no file. Send one with: curl -F file=@picture.jpg")
    return uploads


def _check_charset(content_type: bytes) -> None:
    """Refuse what Python, too, calls an encoding, and which is none of text for others: it may fail in any way."""
    charset = parse_options_header(content_type)[1].get(b"charset", b"utf-8")
    if charset.lower() not in _CHARSETS:
        raise MalformedRequest(f"The form's charset is {charset[:40]!r}: names in a form are UTF-8.")


async def _json(exchange: Exchange, limits: Limits, count: Count) -> tuple[Sequence[Upload | Link], bool]:
    data = b"".join([chunk async for chunk in exchange.chunks(limits.body, count)])
    if len(data) < _LONG:
        return _from_json(data, limits)
    return await asyncio.to_thread(_from_json, data, limits)


def _from_json(data: bytes, limits: Limits) -> tuple[Sequence[Upload | Link], bool]:
    try:
        document = read_json(data, _MOST_VALUES)
    except (ValueError, RecursionError) as err:
        raise MalformedRequest(f"The body is no JSON: {err}. {_SHAPE}") from err
    if not isinstance(document, dict) or len(document) != 1:
        raise MalformedRequest(f"The JSON has another shape. {_SHAPE}")
    if "image" in document:
        return [_picture(document["image"], "image")], False
    images = document.get("images")
    if not isinstance(images, list) or not 1 <= len(images) <= limits.files:
        raise MalformedRequest(f"'images' is a list of 1 to {limits.files} pictures. {_SHAPE}")
    return [_picture(image, f"images[{i}]") for i, image in enumerate(images)], True


def _picture(given: Any, where: str) -> Upload | Link:
    if isinstance(given, dict) and set(given) in ({"url"}, {"name", "url"}):
        name, url = given.get("name", ""), given["url"]
        if isinstance(name, str) and isinstance(url, str):
            return Link(_sendable(name), url)
    name, data = ("", given) if isinstance(given, str) else ("", None)
    if isinstance(given, dict) and set(given) <= {"name", "data"}:
        name, data = given.get("name", ""), given.get("data")
    if not isinstance(data, str) or not isinstance(name, str):
        raise MalformedRequest(f"'{where}' is no picture. {_SHAPE}")
    try:
        # A browser's FileReader puts "data:image/jpeg;base64," before it.
        return Upload(_sendable(name), base64.b64decode(data.partition("base64,")[2] or data, validate=True))
    except (binascii.Error, ValueError) as err:
        raise MalformedRequest(f"'{where}' is no base64: {err}. {_SHAPE}") from err


def _sendable(name: str) -> str:
    """A name without halves of surrogate pairs, which JSON can spell and UTF-8 cannot."""
    return name.encode("utf-8", "replace").decode()


async def _fetched(given: Sequence[Upload | Link], limits: Limits, count: Count) -> Sequence[Upload]:
    """The pictures, those that are elsewhere fetched all at once."""
    if not any(isinstance(one, Link) for one in given):
        return [one for one in given if isinstance(one, Upload)]
    if limits.links is None:
        raise UrlRefused("This server fetches no pictures. Send the picture itself.")
    links, left = limits.links, limits.body

    def arrived(size: int) -> None:
        nonlocal left
        left -= size
        if left < 0:
            raise BodyTooLarge(f"The pictures together are larger than the limit of {limits.body:,} bytes.")
        count(size)

    async def fetched(one: Upload | Link) -> Upload:
        if isinstance(one, Upload):
            return one
        data = await links.fetch(one.url, min(limits.body, limits.image), limits.seconds, arrived)
        return Upload(one.name, data)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(fetched(one)) for one in given]
    except BaseExceptionGroup as err:  # the first that failed stands for all
        raise err.exceptions[0] from None
    return [task.result() for task in tasks]
