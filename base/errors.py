"""What can go wrong, in two families: whose fault is it?

::

    YellowcartError          carries ``code``, a message for a person, and ``data``
    ├── Refused              a rule said no: told to the caller, never logged as an error
    │   ├── Invalid  Unauthorized  PaymentDeclined  Forbidden  NotFound  Conflict
    │   └── InProgress  SoldOut  PriceChanged  Closed  Expired  TooLarge  KeyReused
    │       Limit  RateLimited
    └── Outage               we failed: "try again"; logged where it is met

The codes are the contract's; :data:`STATUS` is their HTTP status.
"""

from __future__ import annotations

from typing import ClassVar, Final

__all__ = [
    "STATUS",
    "Closed",
    "Conflict",
    "Expired",
    "Forbidden",
    "InProgress",
    "Invalid",
    "KeyReused",
    "Limit",
    "NotFound",
    "Outage",
    "PaymentDeclined",
    "PriceChanged",
    "RateLimited",
    "Refused",
    "SoldOut",
    "TooLarge",
    "Unauthorized",
    "YellowcartError",
]

STATUS: Final = {
    "invalid": 400,
    "unauthorized": 401,
    "payment_declined": 402,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "in_progress": 409,
    "sold_out": 409,
    "price_changed": 409,
    "closed": 409,
    "expired": 410,
    "too_large": 413,
    "key_reused": 422,
    "limit": 422,
    "rate_limited": 429,
    "unavailable": 503,
}
"""Every error code and the HTTP status of the same error."""

RETRY_AFTER_MS: Final = 1000
"""What an outage asks for: long enough for an embedded Redis to be back."""


class YellowcartError(Exception):
    """A failure that a client may be told of.

    Args:
        message: Fit to show a person, says what to do next.
        data: The facts a program needs, as JSON values.

    """

    code: ClassVar[str]

    def __init__(self, message: str, **data: int | str) -> None:
        super().__init__(message)
        self.message = message
        self.data: dict[str, int | str] = data

    def __reduce__(self) -> tuple[object, ...]:
        # Subclasses have constructors of their own; errors travel between processes.
        return _rebuilt, (type(self), self.message, self.data)


def _rebuilt(
    kind: type[YellowcartError], message: str, data: dict[str, int | str]
) -> YellowcartError:
    error = kind.__new__(kind)
    YellowcartError.__init__(error, message, **data)
    return error


class Refused(YellowcartError):
    """A rule said no."""


class Invalid(Refused):
    """The request is not of its form."""

    code = "invalid"


class Unauthorized(Refused):
    """No token, or one that does not hold."""

    code = "unauthorized"


class PaymentDeclined(Refused):
    """The provider refused the payment; another method may work."""

    code = "payment_declined"


class Forbidden(Refused):
    """This person may not do this."""

    code = "forbidden"


class NotFound(Refused):
    """There is no such thing, or it is somebody else's."""

    code = "not_found"


class Conflict(Refused):
    """The thing's present state does not allow it."""

    code = "conflict"


class InProgress(Refused):
    """A payment is under way: wait for its outcome."""

    code = "in_progress"


class SoldOut(Refused):
    """Fewer units are left than were asked for."""

    code = "sold_out"

    def __init__(self, sku: str) -> None:
        super().__init__("Sold out: not enough units are left. Try fewer or another one.", sku=sku)


class PriceChanged(Refused):
    """The total is not the one that the buyer saw."""

    code = "price_changed"

    def __init__(self, total: int) -> None:
        super().__init__(
            "The price has changed. Check the new total, then buy again.", total=total
        )


class Closed(Refused):
    """The show is not live."""

    code = "closed"


class Expired(Refused):
    """The time to pay is over."""

    code = "expired"


class TooLarge(Refused):
    """The body is larger than is read."""

    code = "too_large"


class KeyReused(Refused):
    """The idempotency key belongs to another request."""

    code = "key_reused"

    def __init__(self) -> None:
        super().__init__("This key was used for a different request. Use a new key.")


class Limit(Refused):
    """More than is allowed of something."""

    code = "limit"

    def __init__(self, message: str, limit: int) -> None:
        super().__init__(message, limit=limit)


class RateLimited(Refused):
    """Too many in too short a time."""

    code = "rate_limited"

    def __init__(self, retry_after_ms: int) -> None:
        super().__init__(
            "Too fast. Wait a moment, then try again.", retry_after_ms=max(1, retry_after_ms)
        )


class Outage(YellowcartError):
    """A part of the server cannot be reached or did not answer."""

    code = "unavailable"

    def __init__(
        self,
        message: str = "One moment: this does not work right now. Try again shortly.",
        retry_after_ms: int = RETRY_AFTER_MS,
    ) -> None:
        super().__init__(message, retry_after_ms=retry_after_ms)
