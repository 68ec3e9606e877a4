"""``python -m bench [names…] [--quick]``: prints the table of figures; exits with 1 when a target is missed."""

import argparse
import asyncio
import logging
import multiprocessing
import sys
from contextlib import suppress
from importlib import import_module
from multiprocessing.connection import Connection

import structlog

from bench.database import describe, fresh_database
from bench.report import Figure, describe_machine, print_table

MODULES = (
    "accuracy",
    "audit",
    "check_api",
    "compute",
    "exports",
    "grouping",
    "index",
    "phones",
    "reading",
    "robots",
    "widget",
    "writeback",
)


def main() -> int:
    """Run the named parts, or all, and print what they found."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(MODULES)}; all when none is named")
    parser.add_argument("--quick", action="store_true", help="small sizes only")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(MODULES):
        parser.error(f"unknown part: {', '.join(sorted(unknown))}")
    with fresh_database() as (url, _):
        print(describe_machine(asyncio.run(describe(url))))
    found = []
    for name in asked.names or MODULES:
        found += _measured_apart(name, quick=asked.quick)
    print_table(found)
    return 1 if any(figure.is_reached is False for figure in found) else 0


def _measured_apart(name: str, *, quick: bool) -> list[Figure]:
    """Measure a part in a process of its own: what another one left in memory makes everything slower."""
    spawn = multiprocessing.get_context("spawn")
    receiver, sender = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_measure, args=(name, quick, sender))
    process.start()
    sender.close()
    found: list[Figure] = []
    with suppress(EOFError):  # the part is done, or has failed
        while True:
            found.append(receiver.recv())
    process.join()
    if process.exitcode:
        sys.exit(process.exitcode)
    return found


def _measure(name: str, quick: bool, sender: Connection) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    part = import_module(f"bench.{name}")  # only what is asked for: peers are installed for `make bench`
    for figure in part.measure(quick=quick):
        print(f"{figure.name}: {figure.ours:.4g} {figure.unit}", file=sys.stderr, flush=True)
        sender.send(figure)


if __name__ == "__main__":
    sys.exit(main())
