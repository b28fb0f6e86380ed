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


class IdempotencyKeyReused(Malformed):
    """The Idempotency-Key was used before with another request."""

    slug = "idempotency_key_reused"


class BadIdempotencyKey(Malformed):
    """The Idempotency-Key is empty, too long, or has characters other than visible ASCII."""

    slug = "bad_idempotency_key"


class BadPeriod(Malformed):
    """The period of a statement ends before it begins, or holds more than one statement can."""

    slug = "bad_period"


class BadAlarm(Malformed):
    """The threshold of a balance alarm is not an amount that a balance can fall below."""

    slug = "bad_alarm"


class BadTopUp(Malformed):
    """The top-up cannot be asked for like this."""

    slug = "bad_top_up"


class NoSuchTopUp(NotFound):
    """There is no such top-up, or it is another account's."""

    slug = "top_up_not_found"


class TopUpSettled(Conflict):
    """The top-up waits for no payment any more: it was received, withdrawn or declined."""

    slug = "top_up_settled"


class TooManyTopUps(Rejected):
    """As many top-ups of the account wait for a payment as may."""

    slug = "too_many_top_ups"


class NoPaymentMethod(Rejected):
    """The authority takes no payment in this way."""

    slug = "payment_method_not_offered"
