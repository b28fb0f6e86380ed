"""Who sells, how long a purchase can be undone, and how money reaches the authority."""

from dataclasses import dataclass

_MOST_DAYS = 3650
_MOST_REFUNDS = 1_000_000
_MOST_LINES, _LONGEST_LINE = 20, 200


@dataclass(frozen=True)
class BillingConfig:
    """`seller` is who stands on invoices, line by line, the name first. `refund_days`: how long after its purchase a pair that
    was revoked unused can be given back (0: never); `refunds_per_year`: how many orders an account can have refunded by itself
    within 365 days. `wire` and `purchase_order` are what payers are told, line by line (empty: not offered), and `top_up_days`
    how long a payment that was announced is waited for."""

    seller: tuple[str, ...] = ()
    refund_days: int = 30
    refunds_per_year: int = 12
    wire: tuple[str, ...] = ()
    purchase_order: tuple[str, ...] = ()
    top_up_days: int = 30

    def unusable(self) -> str | None:
        """The first setting that means nothing as it is."""
        if self.refund_days > _MOST_DAYS:
            return "refund_days"
        if self.refunds_per_year > _MOST_REFUNDS:
            return "refunds_per_year"
        if not 1 <= self.top_up_days <= _MOST_DAYS:
            return "top_up_days"
        for name in ("seller", "wire", "purchase_order"):
            lines: tuple[str, ...] = getattr(self, name)
            if len(lines) > _MOST_LINES or any(len(one) > _LONGEST_LINE or not one.isprintable() for one in lines):
                return name
        return None
