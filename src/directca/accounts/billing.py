"""What the verbs about money work with."""

from collections.abc import Callable
from dataclasses import dataclass, field

from directca.accounts.billing_config import BillingConfig
from directca.accounts.payment import PaymentProvider
from directca.accounts.prices import PriceList
from directca.clock import Clock
from directca.db.engine import Database
from directca.mail.letter import Post


@dataclass(frozen=True)
class Billing:
    """The database, the time, a source of unpredictable bytes, who sells and at which price, who takes payments, and the post.

    `authority` is the address by which letters name the authority.
    """

    database: Database
    clock: Clock
    random: Callable[[int], bytes] = field(repr=False)
    config: BillingConfig
    prices: PriceList
    payments: PaymentProvider
    post: Post
    authority: str
