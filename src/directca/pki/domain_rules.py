"""The numbers of the certificate policy for showing control of a domain, and which mailboxes of it a code may be sent to."""

from dataclasses import dataclass
from datetime import timedelta

from directca.pki.tables import Table

ROLES = ("postmaster", "hostmaster", "admin", "administrator", "webmaster")
"""The mailboxes that belong to whoever runs a domain (RFC 2142 and long custom). A policy may leave some out, and add none."""

_SECONDS, _MINUTES, _HOURS, _DAYS = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DomainRules:
    """How long a challenge is open, how often it may be tried, and when control that was shown is shown again.

    `challenge`: how long a TXT record is waited for. `code`: how long a mailed code is good, for `code_tries` tries.
    `look_wait` lies between two looks for one record. The maxima are for an hour: looks for one record, looks and claims of one
    organization, codes to one domain for one organization and for all of them together. Control by a TXT record is looked at
    again from `renew_before` its end on, every `renew_wait`.
    """

    challenge: timedelta = timedelta(days=30)
    code: timedelta = timedelta(minutes=10)
    code_tries: int = 3
    look_wait: timedelta = timedelta(seconds=10)
    looks_per_hour: int = 60
    organization_looks_per_hour: int = 600
    codes_per_hour: int = 3
    domain_codes_per_hour: int = 10
    claims_per_hour: int = 30
    renew_before: timedelta = timedelta(days=30)
    renew_wait: timedelta = timedelta(hours=12)
    role_addresses: tuple[str, ...] = ROLES


def domain_rules(table: Table | None) -> DomainRules:
    """The rules of the policy's table; those above for a policy of the first releases, which has none. Raises BadPolicy."""
    if table is None:
        return DomainRules()
    rules = DomainRules(
        challenge=table.span("challenge_days", unit=_DAYS, at_most=90),
        code=table.span("code_minutes", unit=_MINUTES, at_most=60),
        code_tries=table.number("code_tries", at_least=1, at_most=10),
        look_wait=table.span("look_wait_seconds", unit=_SECONDS, at_most=3600),
        looks_per_hour=table.number("looks_per_hour", at_least=1, at_most=3600),
        organization_looks_per_hour=table.number("organization_looks_per_hour", at_least=1, at_most=100_000),
        codes_per_hour=table.number("codes_per_hour", at_least=1, at_most=100),
        domain_codes_per_hour=table.number("domain_codes_per_hour", at_least=1, at_most=100),
        claims_per_hour=table.number("claims_per_hour", at_least=1, at_most=10_000),
        renew_before=table.span("renew_before_days", unit=_DAYS, at_most=365),
        renew_wait=table.span("renew_wait_hours", unit=_HOURS, at_most=168),
        role_addresses=table.texts("role_addresses"),
    )
    if not rules.role_addresses or not set(rules.role_addresses) <= set(ROLES):
        table.refuse("role_addresses", f"a list, not empty, of some of {', '.join(ROLES)}")
    table.close()
    return rules
