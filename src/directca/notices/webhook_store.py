"""The table of webhooks."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, delete, func, insert, select, update

from directca.db.engine import Tx
from directca.db.schema import UtcDateTime, findable, metadata
from directca.notices.webhook_model import Webhook, WebhookState

webhook = Table(
    "webhook",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account_id", String, ForeignKey("account.id"), nullable=False),
    Column("url", String(500), nullable=False),
    Column("kinds", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("sealed_before", LargeBinary),
    Column("before_ends_at", UtcDateTime),
    Column("made_at", UtcDateTime, nullable=False),
    Column("tried_at", UtcDateTime),
    Column("verified_at", UtcDateTime),
    Column("disabled_why", String(40)),
    Column("failures", Integer, nullable=False),
    Column("failing_since", UtcDateTime),
    Column("wait_until", UtcDateTime),
    Index(None, "account_id", "made_at"),
)


def add(tx: Tx, made: Webhook) -> None:
    """Insert a webhook."""
    values = {
        "id": made.id,
        "account_id": made.account_id,
        "url": made.url,
        "kinds": list(made.kinds),
        "state": made.state,
        "sealed": made.sealed,
        "made_at": made.made_at,
        "failures": made.failures,
    }
    tx.execute(insert(webhook), values)


def find(tx: Tx, webhook_id: str) -> Webhook | None:
    """The webhook with this identifier."""
    row = tx.execute(select(webhook).where(webhook.c.id == findable(webhook_id))).one_or_none()
    return None if row is None else _webhook(row)


def of_account(tx: Tx, account_id: str) -> tuple[Webhook, ...]:
    """The webhooks of an account, oldest first."""
    statement = select(webhook).where(webhook.c.account_id == account_id).order_by(webhook.c.made_at, webhook.c.id)
    return tuple(_webhook(row) for row in tx.execute(statement))


def every(tx: Tx) -> tuple[Webhook, ...]:
    """All webhooks, by account."""
    statement = select(webhook).order_by(webhook.c.account_id, webhook.c.made_at, webhook.c.id)
    return tuple(_webhook(row) for row in tx.execute(statement))


def active_of(tx: Tx, accounts: Sequence[str]) -> tuple[Webhook, ...]:
    """The webhooks of some accounts to which events are sent."""
    statement = select(webhook).where(webhook.c.account_id.in_(accounts), webhook.c.state == WebhookState.ACTIVE)
    return tuple(_webhook(row) for row in tx.execute(statement.order_by(webhook.c.id)))


def some_sealed(tx: Tx) -> bytes | None:
    """A sealed secret of any webhook: those that lie together share what makes them dear to open."""
    found: bytes | None = tx.execute(select(webhook.c.sealed).order_by(webhook.c.made_at).limit(1)).scalar_one_or_none()
    return found


def count(tx: Tx, account_id: str) -> int:
    """How many webhooks an account has."""
    found: int = tx.execute(select(func.count()).where(webhook.c.account_id == account_id)).scalar_one()
    return found


def change(tx: Tx, before: Webhook, **values: Any) -> bool:
    """Change a webhook if its state and address still are what `before` says; whether they were."""
    same = (webhook.c.id == before.id, webhook.c.state == before.state, webhook.c.url == before.url)
    return tx.execute(update(webhook).where(*same).values(**values)).rowcount == 1


def remove(tx: Tx, webhook_id: str) -> None:
    """Delete a webhook."""
    tx.execute(delete(webhook).where(webhook.c.id == webhook_id))


def _webhook(row: Any) -> Webhook:
    return Webhook(
        id=row.id,
        account_id=row.account_id,
        url=row.url,
        kinds=tuple(row.kinds),
        state=WebhookState(row.state),
        sealed=row.sealed,
        made_at=row.made_at,
        sealed_before=row.sealed_before,
        before_ends_at=row.before_ends_at,
        tried_at=row.tried_at,
        verified_at=row.verified_at,
        disabled_why=row.disabled_why,
        failures=row.failures,
        failing_since=row.failing_since,
        wait_until=row.wait_until,
    )
