"""What a Stripe account holds, and what is done to it: intents, charges, refunds.

As API version 2026-10-28.endive publishes it, as far as payments by card need it. Payment methods
are Stripe's own for tests (``pm_card_visa`` and so on).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from base.clock import Clock

LEAST = 50

OK = "pm_card_visa"
THREE_DS = "pm_card_threeDSecure2Required"
BANK_IS_SLOW = "pm_card_bankIsSlow"
"""Not Stripe's: the intent stays ``processing`` until :meth:`StripeAccount.settle`."""

DECLINES = {
    "pm_card_visa_chargeDeclined": ("card_declined", "generic_decline"),
    "pm_card_visa_chargeDeclinedInsufficientFunds": ("card_declined", "insufficient_funds"),
    "pm_card_visa_chargeDeclinedLostCard": ("card_declined", "lost_card"),
    "pm_card_chargeDeclinedExpiredCard": ("expired_card", "expired_card"),
}

Json = dict[str, Any]
Call = Callable[[], tuple[int, Json]]


class Fault(Exception):
    """An answer that is not kept under the idempotency key."""

    def __init__(self, status: int, **error: Any) -> None:
        super().__init__(error.get("code"))
        self.status = status
        self.error: Json = {"type": "invalid_request_error", **error}


@dataclass
class StripeAccount:
    """The books of one account; ``tell`` hears of each change."""

    clock: Clock
    livemode: bool = False
    intents: dict[str, Json] = field(default_factory=dict)
    charges: dict[str, Json] = field(default_factory=dict)
    refunds: dict[str, Json] = field(default_factory=dict)
    refund_status: str = "succeeded"
    refund_fault: Fault | None = None

    def tell(self, kind: str, thing: Json) -> None:
        """Something has happened to ``thing``."""
        raise NotImplementedError

    # What happens at the bank, or in the dashboard.

    def settle(self, ident: str, *, ok: bool = True) -> None:
        """The buyer's bank has decided."""
        intent = self.intents[ident]
        assert intent["status"] in {"processing", "requires_action"}
        if ok:
            self._take(intent)
        else:
            code = "payment_intent_authentication_failure"
            self._refuse(intent, {"type": "card_error", "code": code, "message": "Not you."})

    def give_back(self, ident: str, amount: int) -> Json:
        """A refund from the dashboard."""
        return self._refund({"payment_intent": ident, "amount": str(amount)})

    # Calls: valid first, then done.

    def call(self, method: str, path: str, form: dict[str, str]) -> Call:
        """What is asked for, once its parameters were found to be valid."""
        ident, *verb = [*path.split("/")[3:], ""]
        name = " ".join([method, path.split("/")[2], "*" if ident else "", *verb])
        calls: dict[str, Callable[[], Call]] = {
            "POST payment_intents": lambda: self._valid_create(form),
            "GET payment_intents": lambda: lambda: (200, _listed(self.intents, form)),
            "GET payment_intents *": lambda: self._retrieve(ident),
            "POST payment_intents * confirm": lambda: self._valid_confirm(ident, form),
            "POST payment_intents * cancel": lambda: self._valid_cancel(ident),
            "GET charges": lambda: lambda: (200, _listed(self.charges, form)),
            "GET refunds": lambda: lambda: (200, self._refunds_of(form)),
            "POST refunds": lambda: self._valid_refund(form),
        }
        if name.strip() not in calls:
            raise Fault(404, message=f"Unrecognized request URL ({method}: {path}).")
        return calls[name.strip()]()

    def _retrieve(self, ident: str) -> Call:
        intent = self._intent(ident)
        return lambda: (200, intent)

    def _refunds_of(self, form: dict[str, str]) -> Json:
        mine = {
            ident: refund
            for ident, refund in self.refunds.items()
            if refund["payment_intent"] == form["payment_intent"]
        }
        return _listed(mine, form)

    def _intent(self, ident: str) -> Json:
        if ident not in self.intents:
            raise Fault(404, code="resource_missing", param="intent", message="No such intent.")
        return self.intents[ident]

    def _valid_create(self, form: dict[str, str]) -> Call:
        known = {"amount", "currency", "capture_method", "allowed_payment_method_types[0]"}
        for name in form:
            if name not in known and not name.startswith("metadata["):
                raise Fault(400, code="parameter_unknown", param=name, message="Unknown.")
        if form["currency"] not in {"usd", "isk", "jpy", "kwd"}:
            raise Fault(400, param="currency", message=f"Invalid currency: {form['currency']}")
        if int(form["amount"]) < LEAST:
            raise Fault(400, code="amount_too_small", param="amount", message="At least $0.50.")
        return lambda: (200, self._create(form))

    def _create(self, form: dict[str, str]) -> Json:
        ident = f"pi_{len(self.intents) + 1}"
        metadata = {name[9:-1]: text for name, text in form.items() if name[:9] == "metadata["}
        self.intents[ident] = {
            "id": ident,
            "object": "payment_intent",
            "amount": int(form["amount"]),
            "amount_received": 0,
            "canceled_at": None,
            "capture_method": form.get("capture_method", "automatic_async"),
            "client_secret": f"{ident}_secret_x",
            "confirmation_method": "automatic",
            "created": self.clock.now_ms() // 1000,
            "currency": form["currency"],
            "last_payment_error": None,
            "latest_charge": None,
            "livemode": self.livemode,
            "metadata": metadata,
            "next_action": None,
            "payment_method": None,
            "payment_method_types": ["card"],
            "status": "requires_payment_method",
        }
        return self.intents[ident]

    def _valid_confirm(self, ident: str, form: dict[str, str]) -> Call:
        intent, method = self._intent(ident), form["payment_method"]
        if method not in {OK, THREE_DS, BANK_IS_SLOW, *DECLINES}:
            raise Fault(
                400,
                code="resource_missing",
                param="payment_method",
                message=f"No such PaymentMethod: '{method}'",
            )
        if "return_url" not in form:
            raise Fault(400, param="return_url", message="A return_url must be specified.")
        if intent["status"] != "requires_payment_method":
            raise _unexpected(intent, "confirm")
        return lambda: self._confirm(intent, form)

    def _confirm(self, intent: Json, form: dict[str, str]) -> tuple[int, Json]:
        method = form["payment_method"]
        if method in DECLINES:
            code, decline = DECLINES[method]
            message = "Your card was declined."
            error: Json = {"type": "card_error", "code": code, "decline_code": decline}
            error |= {"message": message, "charge": self._charge(intent, ok=False)["id"]}
            self._refuse(intent, error)
            shown = {key: value for key, value in intent.items() if key != "last_payment_error"}
            return 402, {"error": {**error, "payment_intent": shown}}
        intent["payment_method"] = method
        intent["last_payment_error"] = None
        if method == THREE_DS:
            intent["status"] = "requires_action"
            url = f"https://hooks.stripe.com/3d_secure_2/{intent['id']}"
            redirect = {"url": url, "return_url": form["return_url"]}
            intent["next_action"] = {"type": "redirect_to_url", "redirect_to_url": redirect}
            self.tell("payment_intent.requires_action", intent)
        elif method == BANK_IS_SLOW:
            intent["status"] = "processing"
            self.tell("payment_intent.processing", intent)
        else:
            self._take(intent)
        return 200, intent

    def _valid_cancel(self, ident: str) -> Call:
        intent = self._intent(ident)
        return lambda: self._cancel(intent)

    def _cancel(self, intent: Json) -> tuple[int, Json]:
        if intent["status"] not in {"requires_payment_method", "requires_action"}:
            fault = _unexpected(intent, "cancel")
            return fault.status, {"error": fault.error}
        intent["status"], intent["next_action"] = "canceled", None
        self.tell("payment_intent.canceled", intent)
        return 200, intent

    def _take(self, intent: Json) -> None:
        charge = self._charge(intent, ok=True)
        intent["status"], intent["next_action"] = "succeeded", None
        intent["amount_received"] = intent["amount"]
        self.tell("payment_intent.succeeded", intent)
        self.tell("charge.succeeded", charge)

    def _refuse(self, intent: Json, error: Json) -> None:
        intent["status"], intent["next_action"] = "requires_payment_method", None
        intent["last_payment_error"], intent["payment_method"] = error, None
        self.tell("payment_intent.payment_failed", intent)

    def _charge(self, intent: Json, *, ok: bool) -> Json:
        ident = f"ch_{len(self.charges) + 1}"
        intent["latest_charge"] = ident
        self.charges[ident] = {
            "id": ident,
            "object": "charge",
            "amount": intent["amount"],
            "amount_captured": intent["amount"] if ok else 0,
            "amount_refunded": 0,
            "captured": ok,
            "currency": intent["currency"],
            "livemode": self.livemode,
            "metadata": dict(intent["metadata"]),
            "paid": ok,
            "payment_intent": intent["id"],
            "status": "succeeded" if ok else "failed",
        }
        return self.charges[ident]

    def _valid_refund(self, form: dict[str, str]) -> Call:
        charge = self.charges[self._intent(form["payment_intent"])["latest_charge"]]
        left = charge["amount_captured"] - charge["amount_refunded"]
        if self.refund_fault is not None:
            raise self.refund_fault
        if left == 0:
            message = f"Charge {charge['id']} has already been refunded."
            raise Fault(400, code="charge_already_refunded", message=message)
        if int(form["amount"]) > left:
            message = "Refund amount is greater than unrefunded amount on charge."
            raise Fault(400, param="amount", message=message)
        return lambda: (200, self._refund(form))

    def _refund(self, form: dict[str, str]) -> Json:
        charge = self.charges[self._intent(form["payment_intent"])["latest_charge"]]
        ident = f"re_{len(self.refunds) + 1}"
        self.refunds[ident] = {
            "id": ident,
            "object": "refund",
            "amount": int(form["amount"]),
            "charge": charge["id"],
            "metadata": {"key": form["metadata[key]"]} if "metadata[key]" in form else {},
            "payment_intent": form["payment_intent"],
            "status": self.refund_status,
        }
        if self.refund_status in {"succeeded", "pending"}:
            charge["amount_refunded"] += int(form["amount"])
            self.tell("charge.refunded", charge)
        self.tell("refund.created", self.refunds[ident])
        return self.refunds[ident]


def _unexpected(intent: Json, verb: str) -> Fault:
    message = f"You cannot {verb} this PaymentIntent because it is {intent['status']}."
    code = "payment_intent_unexpected_state"
    return Fault(400, code=code, message=message, payment_intent=dict(intent))


def _listed(things: dict[str, Json], form: dict[str, str]) -> Json:
    """The newest first, as Stripe's lists are."""
    idents = list(reversed(things))
    if "starting_after" in form:
        idents = idents[idents.index(form["starting_after"]) + 1 :]
    limit = int(form.get("limit", "10"))
    page = [things[ident] for ident in idents[:limit]]
    return {"object": "list", "data": page, "has_more": len(idents) > limit, "url": "/v1/x"}
