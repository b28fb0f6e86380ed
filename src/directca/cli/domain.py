"""`directca domain`: which domains and mailboxes an organization may have certificates for, and how it shows control of them."""

from dataclasses import dataclass
from typing import Annotated, Any

import structlog
import typer

from directca import rooms
from directca.api import domain_records
from directca.cli import logs, present
from directca.cli.commands import Common, command, group
from directca.cli.context import Desk, opened
from directca.cli.organization import recording
from directca.cli.words import moment
from directca.clock import rfc3339
from directca.vetting import domain_views, domain_withdraw, evidence, organizations
from directca.vetting.domain_check import check as look_for_record
from directca.vetting.domain_check import renew_due
from directca.vetting.domain_claim import claim as claim_domain
from directca.vetting.domain_confirm import confirm as confirm_code
from directca.vetting.domain_context import Domains
from directca.vetting.domain_errors import DomainMustBeShown
from directca.vetting.domain_model import Claimant, DomainStanding, DomainView, Wanted
from directca.vetting.model import EVERY_MAILBOX, DomainClaim, DomainMethod, MailboxAuthority

_LOG = structlog.get_logger("directca.domains")
_OVER = frozenset({DomainStanding.WITHDRAWN, DomainStanding.REPLACED, DomainStanding.FAILED})
_MOST_RENEWED = 200
_RENEWER = "system:upkeep"

app = group("domain", "Domains an organization has shown control of, and mailboxes in them.")


@dataclass(frozen=True, slots=True, kw_only=True)
class OneDomain(Common):
    """Options of the commands about one domain."""

    organization: Annotated[str, typer.Argument(help="The organization's identifier.")]
    domain: Annotated[str, typer.Argument(help="The domain: this very one, nothing above or below it.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimOptions(OneDomain):
    """Options of `domain claim`."""

    method: Annotated[DomainMethod, typer.Option(help="How control is to be shown.")] = DomainMethod.DNS_TXT
    mailbox: Annotated[str | None, typer.Option(help="For role_address: the mailbox that the code is sent to.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OneClaim(Common):
    """Options of the commands about one claim."""

    claim: Annotated[str, typer.Argument(help="The claim's identifier, from `domain claim` or `domain list`.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmOptions(OneClaim):
    """Options of `domain confirm`."""

    code: Annotated[str, typer.Argument(help="The code that was mailed.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOptions(OneDomain):
    """Options of `domain verify`."""

    method: Annotated[DomainMethod, typer.Option(help="How control was shown.")]
    evidence: Annotated[str, typer.Option(help="What was seen: the TXT record's value, the role address that answered.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOptions(Common):
    """Options of `domain list`."""

    organization: Annotated[str | None, typer.Option(help="Only the domains of this organization.")] = None
    all: Annotated[bool, typer.Option("--all", help="Also what failed, was replaced or withdrawn.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxOptions(OneDomain):
    """Options of `domain withdraw-mailbox`."""

    mailbox: Annotated[str, typer.Argument(help="The part before the @, or * for every mailbox of the domain.")] = EVERY_MAILBOX


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeOptions(MailboxOptions):
    """Options of `domain authorize-mailbox`."""

    until: Annotated[str | None, typer.Option(help="The day on which the authority ends. Default: it does not.")] = None


def claim(options: ClaimOptions) -> None:
    """Claim a domain for an organization: says which record to publish, or mails a code."""
    with opened(options.data) as desk:
        domains = _domains(desk)
        wanted = Wanted(options.domain, options.method, options.organization, options.mailbox)
        _say(options, domains, desk, claim_domain(domains, _claimant(desk), wanted).id)


def check(options: OneClaim) -> None:
    """Look for a claim's record now, at every authoritative server of the domain."""
    with opened(options.data) as desk:
        domains = _domains(desk)
        look_for_record(domains, _claimant(desk), options.claim)
        _say(options, domains, desk, options.claim)


def confirm(options: ConfirmOptions) -> None:
    """Enter the code that was mailed for a claim."""
    with opened(options.data) as desk:
        domains = _domains(desk)
        confirm_code(domains, _claimant(desk), options.claim, options.code)
        _say(options, domains, desk, options.claim)


def attempts(options: OneClaim) -> None:
    """Show what was tried to verify a claim, and what was seen."""
    with opened(options.data) as desk:
        found = domain_views.attempts(_domains(desk), _claimant(desk), options.claim)
    rows = [domain_records.attempted(one) | {"actor": one.actor} for one in found]
    columns = ("at_ts", "kind", "outcome", "actor", "seen")
    table = present.listing(columns, [[row[column] for column in columns] for row in rows], empty="Nothing was tried yet.")
    present.emit(rows, as_json=options.as_json, human=table)


def renew(options: Common) -> None:
    """Look again for the records of claims that end soon. A server does this by itself."""
    logs.set_up()
    with opened(options.data) as desk:
        done = renew_due(_domains(desk), _RENEWER, most=_MOST_RENEWED)
    for domain, error in done.not_shown:
        _LOG.warning("control of a domain was not shown again", domain=domain, error=error.slug, detail=error.detail)
    data = {"looked_at": done.looked_at, "not_shown": [domain for domain, _ in done.not_shown]}
    human = f"Domains looked at: {done.looked_at}, control not shown: {len(done.not_shown)}"
    present.emit(data, as_json=options.as_json, human=human)


def verify(options: VerifyOptions) -> None:
    """In a sandbox only: take the operator's word that an organization controls a domain."""
    with opened(options.data) as desk:
        if not desk.settings.sandbox.enabled:
            raise DomainMustBeShown(
                "Control of a domain is shown, not typed in. Give `directca domain claim`, then publish the record or enter the "
                "code."
            )
        with desk.database.write() as tx:
            made = evidence.verify_domain(
                tx, options.organization, options.domain, options.method, options.evidence, recording(desk)
            )
    human = f"{made.domain} is verified until {rfc3339(made.expires_at)}."
    present.emit(_claim(made), as_json=options.as_json, human=human)


def withdraw(options: OneDomain) -> None:
    """End an organization's claim on a domain, open ones too, and its authority over the domain's mailboxes."""
    with opened(options.data) as desk, desk.database.write() as tx:
        domain_withdraw.withdraw_domain(tx, options.organization, options.domain, recording(desk))
    present.emit({"domain": options.domain}, as_json=options.as_json, human=f"The claim on {options.domain} is withdrawn.")


def list_domains(options: ListOptions) -> None:
    """List the claims, open and expired ones too, and the authorized mailboxes."""
    with opened(options.data) as desk:
        wanted, domains = options.organization, _domains(desk)
        with desk.database.read() as tx:
            chosen = organizations.every(tx) if wanted is None else (organizations.find(tx, wanted),)
            mailboxes = {one.id: evidence.authorities(tx, one.id) for one in chosen}
        found = [one for one in domain_views.views(domains, _claimant(desk)) if one.organization_id in mailboxes]
        rows = [_row(domains, one, mailboxes[one.organization_id]) for one in found if options.all or one.standing not in _OVER]
    columns = ("domain", "state", "organization", "organization_id", "method", "verified_ts", "expires_ts", "mailboxes", "id")
    table = present.listing(
        columns,
        [[row[column] for column in columns] for row in rows],
        empty="No domain is claimed. Claim one: directca domain claim ORGANIZATION DOMAIN",
    )
    present.emit(rows, as_json=options.as_json, human=table)


def authorize_mailbox(options: AuthorizeOptions) -> None:
    """Record that the representative authorizes certificates for a mailbox, or for every mailbox of the domain."""
    until = None if options.until is None else moment(options.until, field="until")
    with opened(options.data) as desk, desk.database.write() as tx:
        made = evidence.authorize_mailbox(tx, options.organization, options.domain, options.mailbox, until, recording(desk))
    present.emit(_authority(made), as_json=options.as_json, human=f"{made.mailbox}@{made.domain} is authorized.")


def withdraw_mailbox(options: MailboxOptions) -> None:
    """End the authority over a mailbox."""
    with opened(options.data) as desk, desk.database.write() as tx:
        evidence.withdraw_mailbox(tx, options.organization, options.domain, options.mailbox, recording(desk))
    data = {"domain": options.domain, "mailbox": options.mailbox}
    present.emit(data, as_json=options.as_json, human=f"The authority over {options.mailbox}@{options.domain} is withdrawn.")


command(app, "claim", ClaimOptions, claim)
command(app, "check", OneClaim, check)
command(app, "confirm", ConfirmOptions, confirm)
command(app, "attempts", OneClaim, attempts)
command(app, "renew", Common, renew)
command(app, "verify", VerifyOptions, verify)
command(app, "withdraw", OneDomain, withdraw)
command(app, "list", ListOptions, list_domains)
command(app, "authorize-mailbox", AuthorizeOptions, authorize_mailbox)
command(app, "withdraw-mailbox", MailboxOptions, withdraw_mailbox)


def _domains(desk: Desk) -> Domains:
    return rooms.domains_of(desk.settings, desk.database, desk.clock, desk.rules)


def _claimant(desk: Desk) -> Claimant:
    return Claimant(desk.actor, None)


def _say(options: Common, domains: Domains, desk: Desk, challenge_id: str) -> None:
    view = domain_views.view(domains, _claimant(desk), challenge_id)
    data = domain_records.shown(view, domains.rules.domains.code_tries)
    human = present.facts({name: value for name, value in data.items() if value is not None})
    present.emit(data, as_json=options.as_json, human=human)


def _row(domains: Domains, view: DomainView, mailboxes: tuple[MailboxAuthority, ...]) -> dict[str, Any]:
    shown = domain_records.shown(view, domains.rules.domains.code_tries)
    return shown | {
        "evidence": None if view.claim is None else view.claim.evidence,
        "mailboxes": [box.mailbox for box in mailboxes if box.domain == view.domain],
    }


def _claim(claim: DomainClaim) -> dict[str, Any]:
    return {
        "id": claim.id,
        "organization_id": claim.organization_id,
        "domain": claim.domain,
        "method": claim.method.value,
        "evidence": claim.evidence,
        "verified_ts": rfc3339(claim.verified_at),
        "expires_ts": rfc3339(claim.expires_at),
    }


def _authority(one: MailboxAuthority) -> dict[str, Any]:
    return {
        "organization_id": one.organization_id,
        "domain": one.domain,
        "mailbox": one.mailbox,
        "granted_ts": rfc3339(one.granted_at),
        "expires_ts": None if one.expires_at is None else rfc3339(one.expires_at),
    }
