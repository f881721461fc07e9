"""Several processes that answer at one address, and the one above them, which answers nothing and keeps them going."""

import asyncio
import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Final

from sightline.errors import InputError, SightlineError
from sightline.serving.listening import listen_for_each

log = logging.getLogger("sightline.serving")

_YOUNG_S: Final = 10.0
_LONGEST_PAUSE_S: Final = 30.0
_RELOAD_S: Final = 300.0
_GRACE_S: Final = 10.0
_BEATS: Final = 6


@dataclass(frozen=True)
class Patience:
    """How long workers may take: to end with what is in flight, to answer, and to take another's place."""

    drain_s: float
    answer_s: float
    start_s: float = 600.0


@dataclass(frozen=True)
class Post:
    """A worker's place: what it listens on, and how it talks to the process above it and to the others.

    folder
        Where each worker has a socket that the others ask for its metrics.
    waits
        Take no connection before all models are ready: meanwhile others answer, or clients wait a moment.
    replaced
        How many workers had been replaced when this one began.
    """

    number: int
    count: int
    listener: socket.socket
    above: Connection
    folder: Path
    waits: bool
    replaced: int

    def say(self, message: "str | Exception") -> None:
        """Tell the process above: `listening`, `ready`, `reloaded`, `here`, or why this one cannot go on."""
        with contextlib.suppress(OSError):
            self.above.send(message)

    @contextlib.asynccontextmanager
    async def watch(
        self, stop: Callable[[], None], on_replaced: Callable[[int], None]
    ) -> AsyncIterator[None]:
        """Answer the process above, from the event loop, when it asks whether this one is there; stop when it is gone.

        It asks with the number of workers that it has replaced so far, of which on_replaced is told.
        From now on Ctrl-C counts: whoever calls this has a handler for it.
        """
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        loop = asyncio.get_running_loop()
        end = self.above.fileno()
        orphaned = False

        def hear() -> None:
            nonlocal orphaned
            try:
                on_replaced(self.above.recv())
            except (EOFError, OSError):
                orphaned = True
                loop.remove_reader(end)
                stop()
            else:
                self.say("here")

        loop.add_reader(end, hear)
        try:
            yield
        finally:
            loop.remove_reader(end)
            if orphaned:
                with contextlib.suppress(OSError):  # the last one can
                    self.folder.rmdir()


Work = Callable[[Post], None]
"""Serves at a post until it is told to stop; a picklable function, for each process begins with an empty memory."""


def supervise(
    work: Work,
    count: int,
    address: tuple[str, int],
    patience: Patience,
    announce: Callable[[socket.socket], None],
) -> None:
    """Keep so many processes at work until SIGTERM or SIGINT; return when what was in flight is finished.

    announce is called with a socket that listens, once the first process has it and its bundles are verified.

    Raises:
        InputError: the address cannot be had, or the system has no such processes.
        Exception: what a process could not start for; later it is logged, and tried again.
    """
    if sys.platform == "win32":
        raise InputError("--workers needs Unix sockets and signals: on Windows leave it out.")
    with (
        tempfile.TemporaryDirectory(prefix="sightline-", ignore_cleanup_errors=True) as folder,
        contextlib.ExitStack() as stack,
    ):
        listeners = [stack.enter_context(one) for one in listen_for_each(*address, count)]
        crew = _Crew(work, listeners, Path(folder), patience)
        asyncio.run(crew.run(lambda: announce(listeners[0])))


@dataclass
class _Worker:
    """A process as the one above knows it: the events of its life, and what it ended with."""

    process: SpawnProcess
    below: Connection
    born: float = field(default_factory=time.monotonic)
    listening: asyncio.Event = field(default_factory=asyncio.Event)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    reloaded: asyncio.Event = field(default_factory=asyncio.Event)
    here: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None

    def attend(self) -> None:
        """Note what it says, and its end. Belongs to the event loop."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self.below.fileno(), self._hear)
        loop.add_reader(self.process.sentinel, self._bury)

    def _hear(self) -> None:
        try:
            message = self.below.recv()
        except (EOFError, OSError):
            asyncio.get_running_loop().remove_reader(self.below.fileno())
            return
        if isinstance(message, Exception):
            self.error = message
        else:
            getattr(self, message).set()

    def ask(self, replaced: int) -> None:
        """Ask it whether it is there, and tell how many have been replaced."""
        self.here.clear()
        with contextlib.suppress(OSError):
            self.below.send(replaced)

    def _bury(self) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self.process.sentinel)
        with contextlib.suppress(OSError):
            while self.below.poll() and self.error is None:
                self.error = _last_words(self.below)
        loop.remove_reader(self.below.fileno())
        self.below.close()
        self.process.join()
        self.gone.set()

    def signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if not self.gone.is_set() and self.process.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, number)

    def describe_end(self) -> str:
        """How it ended, in words."""
        code = self.process.exitcode or 0
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"


class _Crew:
    """The processes by number. Belongs to the event loop of the process above them."""

    def __init__(
        self, work: Work, listeners: Sequence[socket.socket], folder: Path, patience: Patience
    ) -> None:
        self._work, self._listeners, self._folder = work, listeners, folder
        self._patience = patience
        self._replaced = 0
        self._workers: dict[int, _Worker] = {}
        self._stopped = asyncio.Event()
        self._hang_up = asyncio.Event()
        self._dropped = False

    async def run(self, announce: Callable[[], None]) -> None:
        """Start all, keep them at work, and end them. Raises what one cannot start for at first."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stopped.set)
        loop.add_signal_handler(signal.SIGINT, self._interrupt)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up.set)
        keeping = asyncio.create_task(self._start_and_keep(announce))
        stopping = asyncio.create_task(self._stopped.wait())
        try:
            await asyncio.wait((keeping, stopping), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._stopped.set()
            keeping.cancel()
            (failure,) = await asyncio.gather(keeping, return_exceptions=True)
            await self._end()
        if isinstance(failure, Exception):
            raise failure
        if self._dropped:
            raise SightlineError("Stopped by a second signal, before everything in flight was answered.")

    async def _start_and_keep(self, announce: Callable[[], None]) -> None:
        # The first alone measures what is to be measured, and finds what is wrong with a bundle.
        first = self._start(0, waits=False)
        await self._expect(first, first.listening)
        announce()
        await self._expect(first, first.ready)
        others = [self._start(number, waits=True) for number in range(1, len(self._listeners))]
        for worker in others:
            await self._expect(worker, worker.ready)
        log.info("%d processes answer", len(self._listeners))
        numbers = range(len(self._listeners))
        await asyncio.gather(self._reload(), *map(self._keep, numbers), *map(self._watch, numbers))

    def _start(self, number: int, *, waits: bool) -> _Worker:
        below, above = multiprocessing.Pipe()
        post = Post(
            number, len(self._listeners), self._listeners[number], above, self._folder, waits, self._replaced
        )
        process = multiprocessing.get_context("spawn").Process(
            target=_enter, args=(self._work, post), name=f"sightline-{number}", daemon=True
        )
        with _undisturbed():
            process.start()
        above.close()
        worker = self._workers[number] = _Worker(process, below)
        worker.attend()
        return worker

    async def _expect(self, worker: _Worker, event: asyncio.Event) -> None:
        await _first(event, worker.gone)
        if not event.is_set():
            raise worker.error or SightlineError(f"A worker {worker.describe_end()} before it was ready.")

    async def _keep(self, number: int) -> None:
        """Let another one follow each that ends; what dies young, later and later."""
        pause_s = 0.0
        while True:
            worker = self._workers[number]
            await worker.gone.wait()
            young = time.monotonic() - worker.born < _YOUNG_S or not worker.ready.is_set()
            pause_s = min(max(0.5, 2 * pause_s), _LONGEST_PAUSE_S) if young else 0.0
            log.error(
                "worker %d (process %s) %s%s; another one starts in %g s",
                number,
                worker.process.pid,
                worker.describe_end(),
                f": {str(worker.error).rstrip('.')}" if worker.error else "",
                pause_s,
            )
            if not worker.ready.is_set():
                self._refuse(number)
            await asyncio.sleep(pause_s)
            self._replaced += 1
            self._start(number, waits=True)

    async def _watch(self, number: int) -> None:
        """Kill each that does not get ready, or is and does not answer: it is stuck, or it was stopped.

        Time for an answer is counted in beats of this process, so that one that was itself stopped blames nobody.
        """
        while True:
            worker = self._workers[number]
            try:
                await asyncio.wait_for(_first(worker.ready, worker.gone), self._patience.start_s)
            except TimeoutError:
                await self._kill(number, f"was not ready within {self._patience.start_s:g} s")
                continue
            worker.ask(self._replaced)
            for _ in range(_BEATS):
                await asyncio.sleep(self._patience.answer_s / _BEATS)
                if worker.here.is_set() or worker.gone.is_set():
                    break
            else:
                await self._kill(number, f"has not answered for {self._patience.answer_s:g} s")

    async def _kill(self, number: int, why: str) -> None:
        worker = self._workers[number]
        log.error("worker %d (process %s) %s and is killed", number, worker.process.pid, why)
        worker.signal(signal.SIGKILL)
        await worker.gone.wait()

    def _refuse(self, number: int) -> None:
        """Let the kernel give connections to others until the next one listens again: this may take long."""
        if self._listeners[number] is not self._listeners[number - 1]:
            with contextlib.suppress(OSError):
                self._listeners[number].shutdown(socket.SHUT_RDWR)

    async def _reload(self) -> None:
        """After SIGHUP let all reload, one at a time: while a bundle is opened a process answers less."""
        while True:
            await self._hang_up.wait()
            self._hang_up.clear()
            for number in range(len(self._listeners)):
                worker = self._workers[number]
                await _first(worker.ready, worker.gone)
                worker.reloaded.clear()
                worker.signal(signal.SIGHUP)
                try:
                    await asyncio.wait_for(_first(worker.reloaded, worker.gone), _RELOAD_S)
                except TimeoutError:
                    log.error("worker %d has not reloaded within %g s", number, _RELOAD_S)

    def _interrupt(self) -> None:
        if self._stopped.is_set():
            self._dropped = True
            for worker in self._workers.values():
                worker.signal(signal.SIGINT)
        self._stopped.set()

    async def _end(self) -> None:
        for listener in self._listeners:
            listener.close()
        for worker in self._workers.values():
            worker.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(self._patience.drain_s + _GRACE_S):
                for worker in self._workers.values():
                    await worker.gone.wait()
        except TimeoutError:
            log.error("workers that did not end in time are killed")
            for worker in self._workers.values():
                worker.signal(signal.SIGKILL)
            for worker in self._workers.values():
                await worker.gone.wait()


def _enter(work: Work, post: Post) -> None:
    """What a new process does."""
    try:
        work(post)
    except (SightlineError, OSError) as err:
        post.say(err)
        sys.exit(getattr(err, "exit_code", SightlineError.exit_code))


def _last_words(below: Connection) -> Exception | None:
    try:
        message = below.recv()
    except EOFError as err:
        raise OSError("nothing more") from err
    return message if isinstance(message, Exception) else None


async def _first(*events: asyncio.Event) -> None:
    """Wait until one of them is set."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Let what is started here know Ctrl-C only once it asks for it: until then it could only die of it, aloud."""
    resource_tracker.ensure_running()  # it would let the signals through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
