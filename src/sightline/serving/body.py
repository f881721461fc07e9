"""Request bodies: read up to a limit and not a byte further, never onto a disk."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from sightline.errors import BodyTimeout, BodyTooLarge, MalformedRequest


@dataclass(frozen=True)
class Upload:
    """One file of a multipart form."""

    name: str
    data: bytes


async def read_raw(request: Request, limit: int) -> bytes:
    """Read the body as it stands.

    Raises:
        BodyTooLarge: it is larger than `limit` bytes.
    """
    return b"".join([chunk async for chunk in _limited(request, limit)])


async def read_uploads(request: Request, limit: int, max_files: int) -> list[Upload]:
    """Read all files of a multipart form, whatever their fields are called.

    Raises:
        BodyTooLarge: the whole body is larger than `limit` bytes.
        MalformedRequest: the form does not parse, or holds no file or too many.
    """
    parser = MultiPartParser(request.headers, _limited(request, limit), max_files=max_files, max_fields=16)
    parser.spool_max_size = (
        limit + 1
    )  # pictures stay in memory: nobody asked for them to be written to a disk
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


@contextlib.asynccontextmanager
async def in_time(timeout_s: float) -> AsyncIterator[None]:
    """Limit how long a body may take to arrive.

    Raises:
        BodyTimeout: it took longer.
    """
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError as err:
        raise BodyTimeout(f"The request body did not arrive within {timeout_s:g} s.") from err


def is_multipart(request: Request) -> bool:
    """Say whether the body is a multipart form."""
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


async def _limited(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > limit:
            raise _too_large(limit)
        yield chunk


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The request body is larger than the limit of {limit:,} bytes. Send less at a time.")
