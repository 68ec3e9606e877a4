"""A part of the benchmark in a process of its own: what another part left in memory makes everything slower."""

import logging
import multiprocessing
import sys
from contextlib import suppress
from importlib import import_module
from multiprocessing.connection import Connection

import structlog

from bench.report import Figure


def measured_apart(name: str, *, quick: bool) -> list[Figure]:
    """Return what a part found; exits as it did when it failed."""
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
