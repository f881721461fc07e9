"""Run as a program: two workers that serve nothing, of which the second never gets ready at one of its starts.

    slow_starters.py FOLDER START SECONDS

FOLDER gets a file for each start of the second, named by its number and process; START, from 0, is the one that
hangs; SECONDS is what the process above waits for.
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

    def __init__(self, folder, hangs):
        self.folder, self.hangs = folder, hangs

    def __call__(self, post):
        """Get ready, or hang, and stay until told to stop."""
        if post.number == 1:
            starts = len(list(self.folder.iterdir()))
            (self.folder / f"{starts} {os.getpid()}").touch()
            if starts == self.hangs:
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
    work = Work(Path(sys.argv[1]), int(sys.argv[2]))
    supervise(work, 2, ("127.0.0.1", 0), Patience(5, 30, float(sys.argv[3])), lambda _: None)
