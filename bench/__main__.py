"""``python -m bench [names…] [--quick]``: prints the table of figures; exits with 1 when a target is missed."""

import argparse
import asyncio
import sys

from bench.apart import measured_apart
from bench.database import describe, fresh_database
from bench.report import describe_machine, print_table

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
        found += measured_apart(name, quick=asked.quick)
    print_table(found)
    return 1 if any(figure.is_reached is False for figure in found) else 0


if __name__ == "__main__":
    sys.exit(main())
