"""Routes of the books: the audit, the provider's own list, and its webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from base.errors import NotFound

if TYPE_CHECKING:
    from web.asked import Asked

__all__ = ["audit", "list_charges", "take_webhook"]


async def audit(asked: Asked) -> object:
    """Check the invariants now."""
    checks = await asked.services.audit.run()
    return {"ok": all(check.ok for check in checks), "checks": checks}


async def list_charges(asked: Asked) -> object:
    """A page of what the practice provider holds."""
    page = asked.page
    if asked.services.settings.payments != "sandbox":
        raise NotFound("The practice provider does not run here.")
    charges, cursor = await asked.services.provider.charges(*page)
    return {"items": charges, "next": cursor}


async def take_webhook(asked: Asked) -> object:
    """Take a webhook of the payment provider in."""
    provider, services = asked.id("provider"), asked.services
    if provider != services.settings.payments:
        raise NotFound("There is no such payment provider here.")
    await services.webhooks.receive(provider, asked.request.headers, asked.raw)
    return {}
