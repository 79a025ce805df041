"""``python -m tests.faults --runs 200``: kill a server that often, and look whether it lies.

Ends by itself, after that many kills or minutes; exit code 1 and the seed when something was lost,
doubled or said and not so.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from random import SystemRandom

from tests.faults.storm import Storm, Wrong
from tests.served import Served


def main() -> int:
    """Run it as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--runs", type=int, default=200, help="kills")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10**9))
    parser.add_argument("--minutes", type=float, default=45.0, help="and no longer than that")
    options = parser.parse_args()
    say = partial(print, flush=True)
    say(f"seed {options.seed}")
    with tempfile.TemporaryDirectory(prefix="yc-faults-") as folder:
        server = Served(Path(folder) / "data", options=())
        storm = Storm(server, options.seed, say)
        try:
            street = asyncio.run(storm.blow(options.runs, time.monotonic() + options.minutes * 60))
        except (Wrong, AssertionError) as wrong:
            say(f"WRONG, seed {options.seed}, after {sum(storm.kills.values())} kills:\n{wrong}")
            say(server.log[-4000:])
            return 1
    told = street.told
    killed = ", ".join(f"{count} × {victim}" for victim, count in storm.kills.items())
    say(
        f"{sum(storm.kills.values())} kills ({killed}), seed {options.seed}: "
        f"{len(told.paid)} checkouts told paid, {len(told.refunds)} refunds and "
        f"{len(told.returned)} cancelled orders told refunded; nothing lost, nothing twice."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
