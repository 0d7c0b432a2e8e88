"""Worker processes that serve one listening socket: started, replaced when they die, stopped."""

import asyncio
import contextlib
import json
import logging
import signal
import time
from collections import deque
from collections.abc import Mapping, Sequence

WORKER_DEATHS = 5
WORKER_DEATHS_WITHIN_SECONDS = 60
"""So many deaths within this time, and the workers are given up."""

STOP_SECONDS = 15
"""How long a worker may take to stop, before it is killed."""

log = logging.getLogger(__name__)


class WorkersFailed(Exception):
    """The workers keep dying."""


class Workers:
    """Child processes with the same command line and environment.

    `descriptor` is the listening socket that they inherit. They read `secrets` as a line of JSON
    from their standard input, since an environment is easily shown; that the input ends tells them
    that this process is gone.
    """

    def __init__(
        self,
        count: int,
        command: Sequence[str],
        env: Mapping[str, str],
        descriptor: int,
        secrets: Mapping[str, str | None],
    ) -> None:
        self._count, self._command, self._env = count, list(command), dict(env)
        self._descriptor = descriptor
        self._secrets = json.dumps(dict(secrets)).encode() + b"\n"
        self._deaths: deque[float] = deque(maxlen=WORKER_DEATHS)
        self._gave_up = False

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the workers alive until `stop`; raise `WorkersFailed` when they keep dying."""
        await asyncio.gather(*(self._keep(stop) for _ in range(self._count)))
        if self._gave_up:
            raise WorkersFailed("The worker processes keep ending; the lines above say why.")

    async def _keep(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            worker = await self._start()
            log.info("worker started", extra={"pid": worker.pid})
            await self._until_ended(worker, stop)
            if not stop.is_set():
                log.error(
                    "worker ended, starting another",
                    extra={"pid": worker.pid, "code": worker.returncode},
                )
                was_stopped = worker.returncode in (0, -signal.SIGTERM)
                if not was_stopped and self._is_one_too_many():
                    self._gave_up = True
                    stop.set()

    async def _start(self) -> asyncio.subprocess.Process:
        worker = await asyncio.create_subprocess_exec(
            *self._command,
            env=self._env,
            pass_fds=[self._descriptor],
            stdin=asyncio.subprocess.PIPE,
        )
        if worker.stdin:
            worker.stdin.write(self._secrets)
        return worker

    async def _until_ended(self, worker: asyncio.subprocess.Process, stop: asyncio.Event) -> None:
        """Wait until a worker has ended, and end it once `stop` is set."""
        ended = asyncio.create_task(worker.wait())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        for end in (worker.terminate, worker.kill):
            if not ended.done():
                with contextlib.suppress(ProcessLookupError):
                    end()
                await asyncio.wait({ended}, timeout=STOP_SECONDS)

    def _is_one_too_many(self) -> bool:
        now = time.monotonic()
        self._deaths.append(now)
        full = len(self._deaths) == WORKER_DEATHS
        return full and now - self._deaths[0] <= WORKER_DEATHS_WITHIN_SECONDS
