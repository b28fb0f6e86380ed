"""What can be wrong with an account or its money."""

from directca.errors import Conflict, Malformed, NotFound, Rejected


class NoSuchAccount(NotFound):
    """There is no account with this identifier."""

    slug = "account_not_found"


class BadAccountName(Malformed):
    """The account's name is empty, too long, or holds characters that cannot be shown."""

    slug = "bad_account_name"


class AccountSuspended(Rejected):
    """The authority has suspended the account; only its operator can resume it."""

    slug = "account_suspended"


class AccountState(Conflict):
    """The account is already in the state that was asked for."""

    slug = "account_state"


class InsufficientBalance(Rejected):
    """The account's available balance does not cover the price; nothing was reserved."""

    slug = "insufficient_balance"


class BadAmount(Malformed):
    """The amount is not a sum of money that this movement can carry."""

    slug = "bad_amount"


class DepositExists(Conflict):
    """A deposit with this reference is already in the books of the account."""

    slug = "deposit_exists"


class ChargeConflict(Conflict):
    """The charge of the order is not in a state that allows this: unknown, already captured, or already released."""

    slug = "charge_conflict"


class NoPrice(Rejected):
    """The authority does not sell this."""

    slug = "no_price"


class BadPriceList(Malformed):
    """The configured price list is incomplete or not made of whole cents."""

    slug = "bad_price_list"
