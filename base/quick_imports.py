"""Modules load faster while nobody looks through them for garbage.

Imported by a program before everything else. What it has loaded stays until it ends, so the
collector does not see it again: ``gc.freeze``.
"""

from __future__ import annotations

import gc

__all__ = ["all_loaded"]

gc.disable()


def all_loaded() -> None:
    """Collect from here on, but nothing that is there already."""
    gc.freeze()
    gc.enable()
