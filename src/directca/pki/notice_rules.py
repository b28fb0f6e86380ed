"""When the policy has people told that something ends."""

from dataclasses import dataclass

from directca.pki.tables import Table

_LONGEST_DAYS = 365


@dataclass(frozen=True, slots=True)
class NoticeRules:
    """On which days before the end of a certificate, a domain claim or a proofing its account is told; ascending."""

    days: tuple[int, ...] = (1, 7, 14, 30)


def notice_rules(table: Table | None) -> NoticeRules:
    """The rules of the policy's table; those above for a policy of the first releases, which has none. Raises BadPolicy."""
    if table is None:
        return NoticeRules()
    rules = NoticeRules(table.numbers("days", at_least=1, at_most=_LONGEST_DAYS))
    table.close()
    return rules
