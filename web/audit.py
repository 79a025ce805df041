"""Routes of the administrator: the audit, and what the practice provider holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from base.errors import NotFound

if TYPE_CHECKING:
    from web.asked import Asked

__all__ = ["audit", "list_charges"]


async def audit(asked: Asked) -> object:
    """Check the invariants now."""
    checks = await asked.services.audit.run()
    return {"ok": all(check.ok for check in checks), "checks": checks}


async def list_charges(asked: Asked) -> object:
    """A page of what the practice provider holds."""
    page = asked.page
    if asked.services.settings.payments != "sandbox":
        raise NotFound(
            "The practice provider does not run here. Set YELLOWCART_PAYMENTS to sandbox."
        )
    charges, cursor = await asked.services.provider.charges(*page)
    return {"items": charges, "next": cursor}
