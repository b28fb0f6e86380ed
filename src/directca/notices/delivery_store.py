"""The tables of deliveries to webhooks and of each try, and how many tries ended how."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from directca.db.engine import Tx
from directca.db.schema import UtcDateTime, findable, index_where, metadata
from directca.notices.webhook_model import Attempt, Delivery, DeliveryState, WebhookState
from directca.notices.webhook_store import webhook

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("webhook_id", String(32), ForeignKey("webhook.id"), nullable=False),
    Column("account_id", String, ForeignKey("account.id"), nullable=False),
    Column("event_id", String(32), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
    Column("outcome", String(20)),
    Column("status", Integer),
    Index(None, "webhook_id", "made_at"),
    Index(None, "settled_at"),
)
# Most have arrived. A statement that wants this index says so with a literal; a parameter would not be the same.
_WAITING = webhook_delivery.c.state == literal_column("'waiting'")
index_where("ix_webhook_delivery_waiting", _WAITING, webhook_delivery.c.webhook_id, webhook_delivery.c.next_at)

webhook_attempt = Table(
    "webhook_attempt",
    metadata,
    Column("delivery_id", String(32), ForeignKey("webhook_delivery.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("status", Integer),
    Column("seen", Text, nullable=False),
    Column("milliseconds", Integer, nullable=False),
)

# How many tries ended how, since ever: what metrics tell.
notice_count = Table(
    "notice_count",
    metadata,
    Column("way", String(16), primary_key=True),
    Column("outcome", String(20), primary_key=True),
    Column("count", BigInteger, nullable=False),
)


def add(tx: Tx, made: Sequence[Delivery]) -> None:
    """Insert deliveries that wait."""
    tx.execute(
        insert(webhook_delivery),
        [
            {
                "id": one.id,
                "webhook_id": one.webhook_id,
                "account_id": one.account_id,
                "event_id": one.event_id,
                "kind": one.kind,
                "body": one.body,
                "state": one.state,
                "tries": one.tries,
                "made_at": one.made_at,
                "next_at": one.next_at,
                "ends_at": one.ends_at,
            }
            for one in made
        ],
    )


def find(tx: Tx, delivery_id: str) -> Delivery | None:
    """The delivery with this identifier."""
    row = tx.execute(select(webhook_delivery).where(webhook_delivery.c.id == findable(delivery_id))).one_or_none()
    return None if row is None else _delivery(row)


def of_webhook(
    tx: Tx, webhook_id: str, state: DeliveryState | None, before: tuple[datetime, str] | None, limit: int
) -> tuple[Delivery, ...]:
    """The newest deliveries of a webhook, before one by its moment and identifier."""
    columns = webhook_delivery.c
    statement = select(webhook_delivery).where(columns.webhook_id == webhook_id)
    if state is not None:
        statement = statement.where(columns.state == state)
    if before is not None:
        at, identity = before
        statement = statement.where(
            columns.made_at <= at, or_(columns.made_at < at, (columns.made_at == at) & (columns.id < identity))
        )
    statement = statement.order_by(columns.made_at.desc(), columns.id.desc()).limit(limit)
    return tuple(_delivery(row) for row in tx.execute(statement))


def attempts(tx: Tx, delivery_id: str) -> tuple[Attempt, ...]:
    """The tries of a delivery, in their order."""
    columns = webhook_attempt.c
    statement = select(webhook_attempt).where(columns.delivery_id == delivery_id).order_by(columns.number)
    return tuple(
        Attempt(row.number, row.at, row.outcome, row.status, row.seen, row.milliseconds) for row in tx.execute(statement)
    )


def due_webhooks(tx: Tx, now: datetime) -> tuple[str, ...]:
    """The webhooks for which something is to be sent now."""
    statement = (
        select(webhook.c.id)
        .where(
            webhook.c.state == WebhookState.ACTIVE,
            or_(webhook.c.wait_until.is_(None), webhook.c.wait_until <= now),
            select(webhook_delivery.c.id)
            .where(webhook_delivery.c.webhook_id == webhook.c.id, _WAITING, webhook_delivery.c.next_at <= now)
            .exists(),
        )
        .order_by(webhook.c.id)
    )
    return tuple(tx.execute(statement).scalars())


def due(tx: Tx, webhook_id: str, now: datetime, limit: int) -> tuple[Delivery, ...]:
    """The deliveries to a webhook whose time has come, those that wait longest first."""
    columns = webhook_delivery.c
    statement = (
        select(webhook_delivery)
        .where(columns.webhook_id == webhook_id, _WAITING, columns.next_at <= now)
        .order_by(columns.next_at, columns.made_at, columns.id)
        .limit(limit)
    )
    return tuple(_delivery(row) for row in tx.execute(statement))


def move(tx: Tx, delivery_id: str, before: DeliveryState, **values: Any) -> bool:
    """Change a delivery if it still is in a state; whether it was."""
    same = (webhook_delivery.c.id == delivery_id, webhook_delivery.c.state == before)
    return tx.execute(update(webhook_delivery).where(*same).values(**values)).rowcount == 1


def settle_delivered(tx: Tx, settled: Sequence[Mapping[str, Any]]) -> None:
    """Write down that deliveries arrived: of each its `delivery`, `made` tries, the `code` that was answered, and `when`."""
    statement = (
        update(webhook_delivery)
        .where(webhook_delivery.c.id == bindparam("delivery"), _WAITING)
        .values(
            state=DeliveryState.DELIVERED,
            tries=bindparam("made"),
            outcome="delivered",
            status=bindparam("code"),
            settled_at=bindparam("when", type_=UtcDateTime),
        )
    )
    tx.execute(statement, list(settled))


def add_attempts(tx: Tx, made: Sequence[tuple[str, Attempt]]) -> None:
    """Insert tries, each with its delivery."""
    tx.execute(
        insert(webhook_attempt),
        [
            {
                "delivery_id": delivery_id,
                "number": one.number,
                "at": one.at,
                "outcome": one.outcome,
                "status": one.status,
                "seen": one.seen,
                "milliseconds": one.milliseconds,
            }
            for delivery_id, one in made
        ],
    )


def existing(tx: Tx, ids: Iterable[str]) -> frozenset[str]:
    """Which of these deliveries are still there: a webhook may have been deleted meanwhile."""
    return frozenset(tx.execute(select(webhook_delivery.c.id).where(webhook_delivery.c.id.in_(tuple(ids)))).scalars())


def give_up(tx: Tx, webhook_id: str, at: datetime) -> int:
    """Give everything up that waits for a webhook; how many that was."""
    statement = update(webhook_delivery).where(webhook_delivery.c.webhook_id == webhook_id, _WAITING)
    return tx.execute(statement.values(state=DeliveryState.FAILED, settled_at=at)).rowcount


def remove(tx: Tx, webhook_id: str) -> None:
    """Delete the deliveries of a webhook."""
    mine = select(webhook_delivery.c.id).where(webhook_delivery.c.webhook_id == webhook_id)
    tx.execute(delete(webhook_attempt).where(webhook_attempt.c.delivery_id.in_(mine)))
    tx.execute(delete(webhook_delivery).where(webhook_delivery.c.webhook_id == webhook_id))


def forget(tx: Tx, before: datetime, most: int) -> None:
    """Delete some deliveries that were settled before a moment, with their tries."""
    columns = webhook_delivery.c
    old = tuple(
        tx.execute(select(columns.id).where(columns.settled_at < before).order_by(columns.settled_at).limit(most)).scalars()
    )
    tx.execute(delete(webhook_attempt).where(webhook_attempt.c.delivery_id.in_(old)))
    tx.execute(delete(webhook_delivery).where(columns.id.in_(old)))


def count(tx: Tx, way: str, counted: Mapping[str, int]) -> None:
    """Count tries by how they ended."""
    for outcome, number in counted.items():
        mine = (notice_count.c.way == way, notice_count.c.outcome == outcome)
        if tx.execute(update(notice_count).where(*mine).values(count=notice_count.c.count + number)).rowcount == 0:
            tx.execute(insert(notice_count), {"way": way, "outcome": outcome, "count": number})


def counts(tx: Tx) -> tuple[tuple[str, str, int], ...]:
    """How many tries ended how: the way, the outcome, the number."""
    return tuple((way, outcome, number) for way, outcome, number in tx.execute(select(notice_count)))


def waiting(tx: Tx) -> tuple[int, datetime | None]:
    """How many deliveries wait, and since when the oldest does."""
    statement = select(func.count().label("number"), func.min(webhook_delivery.c.made_at).label("oldest")).where(_WAITING)
    row = tx.execute(statement).one()
    return row.number, row.oldest


def _delivery(row: Any) -> Delivery:
    return Delivery(
        id=row.id,
        webhook_id=row.webhook_id,
        account_id=row.account_id,
        event_id=row.event_id,
        kind=row.kind,
        body=row.body,
        state=DeliveryState(row.state),
        tries=row.tries,
        made_at=row.made_at,
        next_at=row.next_at,
        ends_at=row.ends_at,
        settled_at=row.settled_at,
        outcome=row.outcome,
        status=row.status,
    )
