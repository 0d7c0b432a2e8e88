"""`python -m bench [b1 ... b9] [--quick] [--json FILE]`: runs budgets, prints the table."""

import argparse
import asyncio
import contextlib
import resource
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from bench import b1, b2, b3, b4, b5, b6, b7, b8, b9, capacity
from bench.processes import BenchError
from bench.report import Result, machine, table, write_json

BUDGETS: dict[str, Callable[[bool], Awaitable[list[Result]]]] = {
    "capacity": capacity.run,
    "b1": b1.run,
    "b2": b2.run,
    "b3": b3.run,
    "b4": b4.run,
    "b5": b5.run,
    "b6": b6.run,
    "b7": b7.run,
    "b8": b8.run,
    "b9": b9.run,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; return 1 if something could not be measured or came out wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("budgets", nargs="*", metavar="budget", help=", ".join(BUDGETS))
    parser.add_argument(
        "--quick", action="store_true", help="shorter runs, B6 and B9 up to 100,000"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the details there")
    given = parser.parse_args(arguments)
    if unknown := set(given.budgets) - set(BUDGETS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(BUDGETS)}")
    allow_many_files()
    about = {"quick": given.quick, "machine": machine()}
    results: list[Result] = []
    failures: dict[str, str] = {}
    interrupted = False
    try:
        asyncio.run(run(given.budgets or list(BUDGETS), given.quick, results, failures))
    except (KeyboardInterrupt, asyncio.CancelledError):
        interrupted = True
    print(f"\n{about['machine']}\n\n{table(results)}")
    for name, sentence in failures.items():
        print(f"{name} FAILED: {sentence}")
    if given.json:
        write_json(given.json, results, {**about, "failures": failures})
    return 1 if failures or interrupted else 0


async def run(
    names: Sequence[str], quick: bool, results: list[Result], failures: dict[str, str]
) -> None:
    """Run budgets one after the other, adding to `results`; cancelled by Ctrl-C and SIGTERM."""
    task = asyncio.current_task()
    assert task is not None
    for told in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(told, task.cancel)
    for name in names:
        began = time.monotonic()
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            found = await BUDGETS[name](quick)
        except (BenchError, BaseExceptionGroup) as error:
            cause = first(error)
            if not isinstance(cause, BenchError):
                raise
            failures[name] = str(cause)
            print(f"  {failures[name]}", file=sys.stderr)
            continue
        results += found
        print(table(found), file=sys.stderr)
        print(f"  {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


def first(error: BaseException) -> BaseException:
    """Return the first error of a group that task groups may have nested."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def allow_many_files() -> None:
    """Raise the limit of open files as far as the system lets us: every socket is one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    sys.exit(main())
