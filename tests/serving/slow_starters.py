"""Run as a program: two workers that serve nothing, of which the second, begun again, never gets ready.

    slow_starters.py FOLDER SECONDS

FOLDER gets a file for each start of the second, named by its number and process; SECONDS is what the process above
waits for.
"""

import asyncio
import logging
import os
import signal
import sys
import time
from pathlib import Path

from sightline.serving.workers import Patience, supervise


class Work:
    """What a worker does."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, post):
        """Get ready, or hang, and stay until told to stop."""
        if post.number == 1:
            starts = len(list(self.folder.iterdir()))
            (self.folder / f"{starts} {os.getpid()}").touch()
            if starts == 1:
                time.sleep(600)
        asyncio.run(self.stay(post))

    async def stay(self, post):
        """Answer the process above, as a server does."""
        stopped = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
        async with post.watch(stopped.set, lambda _: None):
            post.say("listening")
            post.say("ready")
            await stopped.wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    patience = Patience(5, 30, float(sys.argv[2]))
    supervise(Work(Path(sys.argv[1])), 2, ("127.0.0.1", 0), patience, lambda _: None)
