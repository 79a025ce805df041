"""``python -m bots``: fill a show, and exit 1 if an invariant broke, 2 if it could not start."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from bots.loop import run
from bots.options import CannotStart, parse
from bots.report import as_json, as_text
from bots.swarm import Swarm
from bots.tokens import find_secret

if TYPE_CHECKING:
    from collections.abc import Sequence

BROKEN: Final = 1
CANNOT_START: Final = 2
INTERRUPTED: Final = 130
"""128 + SIGINT, as shells count."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bots; gives the exit code."""
    options = parse(arguments)
    try:
        secret = find_secret(options.secret, options.data_dir)
        findings = run(Swarm(options, secret).run())
    except CannotStart as error:
        sys.stderr.write(f"bots: {error}\n")
        return CANNOT_START
    except KeyboardInterrupt:
        sys.stderr.write("bots: interrupted\n")
        return INTERRUPTED
    print(as_json(findings) if options.json else as_text(findings))
    return 0 if findings.ok else BROKEN


if __name__ == "__main__":
    sys.exit(main())
