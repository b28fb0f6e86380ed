"""The table of what operators said of single accounts' quotas: NULL where the settings hold, 0 where there is no quota."""

from collections.abc import Callable

from sqlalchemy import Column, ForeignKey, Integer, String, Table, bindparam, delete, insert, select

from directca.accounts.quota_config import QuotaConfig
from directca.db.engine import Tx
from directca.db.prepared import Prepared
from directca.db.schema import metadata

Said = dict[str, int | None]
"""By the settings' names."""

account_quota = Table(
    "account_quota",
    metadata,
    Column("account_id", String, ForeignKey("account.id"), primary_key=True),
    Column("pairs_per_day", Integer),
    Column("pairs_per_month", Integer),
    Column("current_pairs", Integer),
)

NAMES = tuple(QuotaConfig.__dataclass_fields__)
_OF = Prepared(select(*(account_quota.c[name] for name in NAMES)).where(account_quota.c.account_id == bindparam("wanted")))


def said(tx: Tx, account_id: str) -> Said:
    """What was said of an account."""
    return asked(tx, account_id)()


def asked(tx: Tx, account_id: str) -> Callable[[], Said]:
    """The same, asked for with what is asked besides."""
    rows = _OF.asked(tx, {"wanted": account_id})

    def answer() -> Said:
        found = rows()
        return {name: getattr(found[0], name) if found else None for name in NAMES}

    return answer


def put(tx: Tx, account_id: str, values: Said) -> None:
    """Store what is said of an account from now on."""
    tx.execute(delete(account_quota).where(account_quota.c.account_id == account_id))
    if any(one is not None for one in values.values()):
        tx.execute(insert(account_quota), {"account_id": account_id, **values})
