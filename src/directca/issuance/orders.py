"""Orders: what was bought, once however often it is asked for with one Idempotency-Key (invariant 19)."""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime

from directca.accounts import ledger
from directca.accounts.errors import BadIdempotencyKey, IdempotencyKeyReused
from directca.certificates import register
from directca.certificates.errors import StateChanged
from directca.certificates.model import Pair
from directca.db.engine import Database, Tx
from directca.issuance import store
from directca.issuance.errors import StillInProgress
from directca.issuance.model import Application, Order, OrderState, Verb

_CANONICAL = json.JSONEncoder(sort_keys=True)
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def digest(verb: Verb, identifier: str | None, application: Application) -> str:
    """What makes two requests the same: the function, the name in the path, and every parameter."""
    content = {**vars(application), "hints": vars(application.hints), "verb": verb, "identifier": identifier}
    del content["idempotency_key"]
    return hashlib.sha256(_CANONICAL.encode(content).encode()).hexdigest()


def check_key(key: str | None) -> None:
    """Raise BadIdempotencyKey for what no Idempotency-Key can be."""
    if key is not None and not _KEY.fullmatch(key):
        raise BadIdempotencyKey("Idempotency-Key must be 1 to 255 visible ASCII characters.", field="Idempotency-Key")


def answered_before(tx: Tx, account_id: str, key: str | None, request_digest: str) -> Pair | None:
    """The pair that a request with this key obtained, None when the key is new or the earlier request came to nothing.

    Not asked for a dry run: it buys nothing, so no earlier purchase can answer it.

    Raises IdempotencyKeyReused when the earlier request was another one, StillInProgress while it has not ended.
    """
    if key is None:
        return None
    order = store.by_idempotency_key(tx, account_id, key)
    if order is None:
        return None
    if order.request_digest != request_digest:
        raise IdempotencyKeyReused(
            "This Idempotency-Key was used with another request. Use a new key for a new request.", field="Idempotency-Key"
        )
    if order.state is OrderState.AUTHORIZED:
        raise StillInProgress("The first request with this Idempotency-Key has not ended yet; ask again.", retry_after=1)
    record = register.by_id(tx, order.record_id)
    assert record is not None  # a captured order has its record: both were stored in one transaction
    return register.pair_of(tx, record)


def promised_again(database: Database, before: Pair) -> Pair:
    """The pair that was answered before, once it is safe: a read may show what no standby of the database has yet.

    Raises DatabaseUnusable, DatabaseBusy.
    """
    database.confirm()
    return before


def opening(tx: Tx, order: Order, at: datetime) -> Callable[[], None]:
    """Store an order and set its price aside; asked for with what is asked besides. What this returns has to be called."""
    store.add(tx, order)
    return ledger.authorizing(tx, order.account_id, order.id, order.amount, at)


def capturing(tx: Tx, order_id: str, at: datetime) -> Callable[[], None]:
    """Take the order's price, since its pair exists; asked for with what is asked besides. What this returns has to be called.

    It raises StateChanged when the order was settled meanwhile.
    """
    moved = store.moving(tx, order_id, OrderState.CAPTURED, at)
    captured = ledger.capturing(tx, order_id, at)

    def check() -> None:
        if not moved():
            raise StateChanged("The order was ended while its certificates were being signed; ask again.")
        captured()

    return check


def release(tx: Tx, order_id: str, at: datetime) -> None:
    """Give the order's price back: no pair will come of it. Its idempotency key may be used again."""
    if store.move(tx, order_id, OrderState.RELEASED, at):
        ledger.release(tx, order_id, at)
        store.free_key(tx, order_id)
