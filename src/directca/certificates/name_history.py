"""What the register knows of one name, and what follows from it. Pure: the records are read once and asked several things."""

from dataclasses import dataclass
from datetime import datetime

from directca.certificates.errors import IdentifierHeldElsewhere, IdentifierInUse, UnknownCertificate
from directca.certificates.model import Record, State
from directca.pki.reasons import RevocationReason


@dataclass(frozen=True)
class NameHistory:
    """Every record of a name, whoever holds it, intents included."""

    identifier: str
    records: tuple[Record, ...]

    @property
    def current(self) -> Record | None:
        """The record that the name stands for, if there is one."""
        return next((one for one in self.records if one.current), None)

    def of_account(self, account_id: str) -> tuple[Record, ...]:
        """The account's known records: the current one first, then newest first, settled intents last.

        Raises UnknownCertificate without any.
        """
        own = [one for one in self.records if one.account_id == account_id and one.position is not None]
        if not own:
            raise UnknownCertificate(f"No certificate of yours has the name {self.identifier}.")
        return tuple(sorted(own, key=lambda one: (not one.current, one.settled, -(one.position or 0))))

    def check_free(self, account_id: str, now: datetime) -> None:
        """Refuse a name under which a pair stands, or is being made.

        Raises IdentifierInUse (the account's own) or IdentifierHeldElsewhere.
        """
        present = self.current
        if present is None or not takes_name(present, now):
            return
        if present.account_id != account_id:
            raise IdentifierHeldElsewhere(
                f"Another account holds {self.identifier}. It must be revoked there first.", field="commonName"
            )
        raise IdentifierInUse(
            f"You already hold a valid pair for {self.identifier}. Renew it, reissue it, or revoke it first.", field="commonName"
        )

    def last_revocation(self) -> datetime | None:
        """When a pair of this name was last revoked for a cause, not by its own succession nor after a crash.

        The word `superseded` alone is no succession: a subscriber can say it of a pair that has no successor.
        """
        moments = [
            one.revoked_at
            for one in self.records
            if one.state is State.REVOKED
            and not one.settled
            and one.revoked_at is not None
            and not (one.superseded_by is not None and one.revocation_reason is RevocationReason.SUPERSEDED)
        ]
        return max(moments, default=None)


def takes_name(record: Record, now: datetime) -> bool:
    """Whether a record keeps its name taken: it is intended, issued or held, and not expired."""
    return record.state is State.INTENDED or (record.state in (State.ISSUED, State.HELD) and record.valid_at(now))
