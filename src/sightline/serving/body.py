"""Request bodies with pictures in them: read up to a limit and not a byte further, never onto a disk."""

import asyncio
import base64
import binascii
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from sightline.errors import BodyTimeout, MalformedRequest
from sightline.serving.exchange import Exchange

_LONG = 256 * 1024
"""From so many bytes of JSON on, a thread reads it: the event loop has others to attend to."""
_SHAPE = 'Send {"image": "<base64>"} or {"images": ["<base64>", {"name": "b.jpg", "data": "<base64>"}]}.'

Count = Callable[[int], None]


@dataclass(frozen=True)
class Upload:
    """One encoded picture of a body, and what its sender calls it."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Limits:
    """Bytes of the whole body and of one picture, pictures in a body, and seconds until it has arrived."""

    body: int
    image: int
    files: int
    seconds: float


async def read_images(exchange: Exchange, limits: Limits, count: Count) -> tuple[Sequence[Upload], bool]:
    """Read the pictures of a body: raw, a multipart form, or JSON with base64; say whether it can hold several.

    count is called with each number of bytes that arrived.

    Raises:
        BodyTimeout: it did not arrive in time.
        BodyTooLarge: it is larger than the limit.
        MalformedRequest: the form or the JSON does not parse, or holds no picture or too many.
    """
    kind = exchange.headers.get(b"content-type", b"").split(b";")[0].strip().lower()
    try:
        async with asyncio.timeout(limits.seconds):
            if kind == b"multipart/form-data":
                return await _form(exchange, limits, count), True
            if kind == b"application/json":
                return await _json(exchange, limits, count)
            data = b"".join(
                [chunk async for chunk in _counted(exchange, min(limits.body, limits.image), count)]
            )
            return [Upload("", data)], False
    except TimeoutError as err:
        raise BodyTimeout(f"The request body did not arrive within {limits.seconds:g} s.") from err


async def read_whole(exchange: Exchange, limit: int, seconds: float, count: Count) -> bytes:
    """Read a body of any kind, up to `limit` bytes.

    Raises:
        BodyTimeout: it did not arrive in time.
        BodyTooLarge: it is larger than the limit.
    """
    try:
        async with asyncio.timeout(seconds):
            return b"".join([chunk async for chunk in _counted(exchange, limit, count)])
    except TimeoutError as err:
        raise BodyTimeout(f"The request body did not arrive within {seconds:g} s.") from err


async def _form(exchange: Exchange, limits: Limits, count: Count) -> Sequence[Upload]:
    parser = MultiPartParser(
        Headers(raw=exchange.scope["headers"]),
        _counted(exchange, limits.body, count),
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


async def _json(exchange: Exchange, limits: Limits, count: Count) -> tuple[Sequence[Upload], bool]:
    data = b"".join([chunk async for chunk in _counted(exchange, limits.body, count)])
    if len(data) < _LONG:
        return _from_json(data, limits)
    return await asyncio.to_thread(_from_json, data, limits)


def _from_json(data: bytes, limits: Limits) -> tuple[Sequence[Upload], bool]:
    try:
        document = json.loads(data)
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


def _picture(given: Any, where: str) -> Upload:
    name, data = ("", given) if isinstance(given, str) else ("", None)
    if isinstance(given, dict) and set(given) <= {"name", "data"}:
        name, data = given.get("name", ""), given.get("data")
    if not isinstance(data, str) or not isinstance(name, str):
        raise MalformedRequest(f"'{where}' is no picture. {_SHAPE}")
    try:
        # A browser's FileReader puts "data:image/jpeg;base64," before it.
        return Upload(name, base64.b64decode(data.partition("base64,")[2] or data, validate=True))
    except (binascii.Error, ValueError) as err:
        raise MalformedRequest(f"'{where}' is no base64: {err}. {_SHAPE}") from err


async def _counted(exchange: Exchange, limit: int, count: Count) -> AsyncGenerator[bytes, None]:
    async for chunk in exchange.chunks(limit):
        count(len(chunk))
        yield chunk
