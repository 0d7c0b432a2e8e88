"""Measures what the load generator can receive, to show that it is not the bottleneck."""

import asyncio

from bench import servers
from bench.load import Meter
from bench.report import Result
from bench.sockets import Tally, connect_all

SOCKETS = 200


async def run(quick: bool) -> list[Result]:
    """Receive from a server that only sends; return what a core's worth of client takes."""
    results = []
    for messages in (1, 8):
        async with servers.firehose() as server:
            tally = Tally()
            sockets = await connect_all(server, f"/{messages}", [""], SOCKETS, tally)
            for socket in sockets:
                socket.send_text(b"go")
            await asyncio.sleep(0.5)
            before, frames, meter = tally.deliveries, tally.frames, Meter(server)
            await asyncio.sleep(2 if quick else 4)
            usage = meter.stop()
            received = tally.deliveries - before
            for socket in sockets:
                socket.close()
        # Per second of its own processor time: the server beside it sets the pace.
        rate = received / usage.seconds / usage.percent["client"] * 100
        details = {"frames_per_core_s": (tally.frames - frames) / received * rate}
        what = f"load generator's capacity, {messages} a frame"
        results.append(
            Result("client", what, "deliveries/s", rate, None, use=str(usage), details=details)
        )
    return results
