"""How money reaches the authority: the port, and payments that people make and an operator confirms."""

from typing import Protocol

from directca.accounts.billing_config import BillingConfig
from directca.accounts.errors import NoPaymentMethod
from directca.accounts.top_up_model import Instructions, PaymentMethod, TopUp


class PaymentProvider(Protocol):
    """Takes payments. Whatever it says of one that arrived is booked by `top_ups.confirm`, once per reference."""

    @property
    def methods(self) -> tuple[PaymentMethod, ...]:
        """Those that are offered."""

    def instructions(self, top_up: TopUp) -> Instructions:
        """What the payer has to do. Asked again for the same reference it is the same payment.

        Never called inside a transaction, since a provider may have to be asked. For any number of threads. Raises
        NoPaymentMethod, and an Unavailable when the provider does not answer.
        """


class ManualPayments:
    """By wire or on a purchase order: people pay with the reference, and the operator confirms what arrived."""

    def __init__(self, config: BillingConfig) -> None:
        offered = {PaymentMethod.WIRE: config.wire, PaymentMethod.PURCHASE_ORDER: config.purchase_order}
        self._lines = {method: lines for method, lines in offered.items() if lines}

    @property
    def methods(self) -> tuple[PaymentMethod, ...]:
        """Those of which the settings say something."""
        return tuple(self._lines)

    def instructions(self, top_up: TopUp) -> Instructions:
        """The settings' lines."""
        if top_up.method not in self._lines:
            raise NoPaymentMethod(
                "This authority takes no such payment. Ask its operator how to pay, and to book a deposit.", field="method"
            )
        return Instructions(top_up.reference, self._lines[top_up.method], top_up.pay_by)
