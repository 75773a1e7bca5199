"""`python -m proof crash|faults|replay`: runs a campaign, prints a table, writes its JSON beside this file."""

import argparse
import sys

from proof import crash, faults, replay


def main(arguments: list[str] | None = None) -> int:
    """Run what is asked for; 1 if anything failed."""
    parser = argparse.ArgumentParser(prog="proof", description="Kill and fail the trader, then compare.")
    kinds = parser.add_subparsers(dest="what", required=True)
    killing = kinds.add_parser("crash", help="kill -9 at named points, at random and in the POST")
    killing.add_argument("--kills", "-n", type=int, default=200)
    killing.add_argument("--seed", type=int, default=None, help="drawn and printed unless given")
    killing.add_argument("--lanes", type=int, default=crash.LANES)
    failing = kinds.add_parser("faults", help="every row of the fault table")
    failing.add_argument("rows", nargs="*", help="numbers of rows; all unless given")
    failing.add_argument("--lanes", type=int, default=faults.LANES)
    replaying = kinds.add_parser("replay", help="a session with faults and kills, and its decisions again")
    replaying.add_argument("--cycles", "-n", type=int, default=replay.CYCLES)
    options = parser.parse_args(arguments)
    if options.what == "faults":
        return faults.run(options.rows, options.lanes)
    if options.what == "replay":
        return replay.run(options.cycles)
    return crash.run(options.kills, options.seed, options.lanes)


if __name__ == "__main__":
    sys.exit(main())
