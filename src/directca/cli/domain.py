"""`directca domain`: which domains and mailboxes an organization may have certificates for."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from directca.cli import present
from directca.cli.commands import Common, command, group
from directca.cli.context import opened
from directca.cli.organization import recording
from directca.cli.words import moment
from directca.clock import rfc3339
from directca.vetting import evidence, organizations
from directca.vetting.model import EVERY_MAILBOX, DomainClaim, DomainMethod, MailboxAuthority

app = group("domain", "Domains an organization has shown control of, and mailboxes in them.")


@dataclass(frozen=True, slots=True, kw_only=True)
class OneDomain(Common):
    """Options of the commands about one domain."""

    organization: Annotated[str, typer.Argument(help="The organization's identifier.")]
    domain: Annotated[str, typer.Argument(help="The domain: this very one, nothing above or below it.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOptions(OneDomain):
    """Options of `domain verify`."""

    method: Annotated[DomainMethod, typer.Option(help="How control was shown.")]
    evidence: Annotated[str, typer.Option(help="What was seen: the TXT record's value, the role address that answered.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOptions(Common):
    """Options of `domain list`."""

    organization: Annotated[str | None, typer.Option(help="Only the domains of this organization.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxOptions(OneDomain):
    """Options of `domain withdraw-mailbox`."""

    mailbox: Annotated[str, typer.Argument(help="The part before the @, or * for every mailbox of the domain.")] = EVERY_MAILBOX


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeOptions(MailboxOptions):
    """Options of `domain authorize-mailbox`."""

    until: Annotated[str | None, typer.Option(help="The day on which the authority ends. Default: it does not.")] = None


def verify(options: VerifyOptions) -> None:
    """Record that an organization has shown control of a domain; good for as long as the policy says."""
    with opened(options.data) as desk, desk.database.write() as tx:
        made = evidence.verify_domain(tx, options.organization, options.domain, options.method, options.evidence, recording(desk))
    human = f"{made.domain} is verified until {rfc3339(made.expires_at)}."
    present.emit(_claim(made), as_json=options.as_json, human=human)


def withdraw(options: OneDomain) -> None:
    """End an organization's claim on a domain, and its authority over the domain's mailboxes."""
    with opened(options.data) as desk, desk.database.write() as tx:
        evidence.withdraw_domain(tx, options.organization, options.domain, recording(desk))
    present.emit({"domain": options.domain}, as_json=options.as_json, human=f"The claim on {options.domain} is withdrawn.")


def list_domains(options: ListOptions) -> None:
    """List the claims and the authorized mailboxes in force, expired ones too."""
    with opened(options.data) as desk, desk.database.read() as tx:
        wanted = options.organization
        chosen = organizations.every(tx) if wanted is None else (organizations.find(tx, wanted),)
        rows = [
            _claim(claim)
            | {
                "legal_name": one.facts.legal_name,
                "mailboxes": [box.mailbox for box in evidence.authorities(tx, one.id) if box.domain == claim.domain],
            }
            for one in chosen
            for claim in evidence.claims(tx, one.id)
        ]
    columns = ("domain", "legal_name", "organization_id", "method", "verified_ts", "expires_ts", "mailboxes")
    table = present.listing(
        columns,
        [[row[column] for column in columns] for row in rows],
        empty="No domain is verified. Record one: directca domain verify ORGANIZATION DOMAIN …",
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


command(app, "verify", VerifyOptions, verify)
command(app, "withdraw", OneDomain, withdraw)
command(app, "list", ListOptions, list_domains)
command(app, "authorize-mailbox", AuthorizeOptions, authorize_mailbox)
command(app, "withdraw-mailbox", MailboxOptions, withdraw_mailbox)


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
