"""Modules load faster while nobody looks through them for garbage.

Imported by a program before everything else. What it has loaded stays until it ends, so the
collector does not see it again: ``gc.freeze``. Afterwards it looks seldom: every connection and
purchase makes objects that stay for a while, and looking through all of them again and again
took a tenth of a server's time, up to 80 ms at once.
"""

from __future__ import annotations

import gc
from typing import Final

__all__ = ["all_loaded"]

NEW: Final = 20_000
"""Objects made and not let go between two looks at the newest; Python's own is 700. Nearly all
that is in a circle dies young, and is found by that look, of some 3 ms.
"""

gc.disable()


def all_loaded() -> None:
    """Collect from here on, but nothing that is there already."""
    gc.freeze()
    gc.set_threshold(NEW, *gc.get_threshold()[1:])
    gc.enable()
