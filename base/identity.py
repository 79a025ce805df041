"""Who is acting: the facts of a verified token."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from base.errors import Forbidden

__all__ = ["Actor", "Role"]


class Role(StrEnum):
    """What somebody may do."""

    VIEWER = "viewer"
    HOST = "host"
    SELLER = "seller"
    CREATOR = "creator"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A person or program whose token was verified.

    Attributes:
        id: The token's ``sub``.
        name: What others see of them.
        show: The only show that the token is good for, if it names one.
        shop: The shop that a seller acts on.
        expires_ms: When the token ends, in Unix ms.
        guest: Whether this is a guest, whose cart an account may take over.

    """

    id: str
    name: str
    role: Role
    expires_ms: int
    show: str | None = None
    shop: str | None = None
    guest: bool = False

    @property
    def is_admin(self) -> bool:
        """Whether every door is open."""
        return self.role is Role.ADMIN

    def require_shop(self, shop: str) -> None:
        """Refuse everybody but an admin and the shop's own seller.

        Raises:
            Forbidden: Somebody else's shop.

        """
        if not (self.is_admin or (self.role is Role.SELLER and self.shop == shop)):
            raise Forbidden("Only the shop's own seller may do this. Use a token of that shop.")
