"""Claiming a domain: an organization is given a challenge, which is a record to publish or a code that is mailed.

`docs/flows/domain.md` tells the same story, and how it goes on.
"""

from dataclasses import dataclass
from datetime import timedelta

from directca.accounts import accounts
from directca.db.engine import Tx
from directca.vetting import domain_policy as policy
from directca.vetting import domain_store as store
from directca.vetting import organizations
from directca.vetting.domain_context import Domains, Letter
from directca.vetting.domain_errors import MailNotConfigured, MailNotSent, TooManyDomainAttempts
from directca.vetting.domain_model import (
    Attempt,
    AttemptKind,
    Challenge,
    ChallengeState,
    Claimant,
    Outcome,
    Wanted,
)
from directca.vetting.errors import BadVettingRecord, NoSuchOrganization
from directca.vetting.evidence import Recording
from directca.vetting.model import DomainMethod, Organization
from directca.watch import step

_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class _Asked:
    """What is claimed, read: one domain, one way, and the code of that way."""

    domain: str
    method: DomainMethod
    mailbox: str | None
    code: str | None


def claim(domains: Domains, who: Claimant, wanted: Wanted) -> Challenge:
    """The challenge for a domain. Whether somebody else holds the domain is told to those alone who have shown control of it.

    The record of an open challenge stays good: claiming again answers the same. A code that was mailed before is good no more.
    Raises BadDirectName, BadVettingRecord, DomainRefused, NoSuchOrganization, OrganizationState, AccountSuspended,
    TooManyDomainAttempts, MailNotConfigured, MailNotSent.
    """
    step(1, "read")
    asked = _read(domains, wanted)
    by = domains.recording(who.actor)
    with domains.database.write() as tx:
        step(2, "admit")
        about = _organization(tx, who, wanted.organization_id)
        accounts.require_active(tx, about.account_id)
        before = store.of_domain(tx, about.id, asked.domain)
        for one in before:
            if one.method is asked.method is DomainMethod.DNS_TXT and by.at < one.expires_at:
                return one
        _check_rates(tx, about, asked, by)
        step(3, "make")
        made = _make(tx, about, asked, by, before)
        mailing = Attempt(by.identifier(), made.id, made.domain, AttemptKind.MAIL, Outcome.BEGUN, {}, by.actor, by.at)
        if asked.code is not None:
            store.add_attempt(tx, mailing)
    # A crash here leaves a challenge whose code nobody has: it runs out by itself.
    if asked.code is not None:
        step(4, "send")
        _send(domains, made, mailing, Letter(made.recipient, made.domain, about.facts.legal_name, asked.code, _minutes(by)))
    return made


def _read(domains: Domains, wanted: Wanted) -> _Asked:
    domain = policy.claimable(wanted.domain, domains.config.refused)
    if wanted.method is DomainMethod.DNS_TXT:
        if wanted.mailbox is not None:
            raise BadVettingRecord(
                "A TXT record is looked for in the DNS; no mailbox has part in it. Leave it out.", field="mailbox"
            )
        return _Asked(domain, wanted.method, None, None)
    mailbox = policy.role_address(wanted.mailbox, domains.rules.domains)
    if not domains.mailer.is_set:
        raise MailNotConfigured("This authority sends no mail. Show control of the domain by a TXT record.")
    return _Asked(domain, wanted.method, mailbox, policy.new_code(domains.random))


def _organization(tx: Tx, who: Claimant, organization_id: str | None) -> Organization:
    if organization_id is not None:
        about = organizations.find(tx, organization_id) if who.account_id is None else _own(tx, who.account_id, organization_id)
        return organizations.require_open(tx, about.id)
    only = organizations.only_of_account(tx, who.account_id) if who.account_id is not None else None
    if only is None:
        raise BadVettingRecord("Say which organization claims the domain, by its identifier.", field="organization")
    return only


def _own(tx: Tx, account_id: str, organization_id: str) -> Organization:
    for one in organizations.of_account(tx, account_id):
        if one.id == organization_id:
            return one
    raise NoSuchOrganization("The account has no organization with this identifier.", field="organization")


def _check_rates(tx: Tx, about: Organization, asked: _Asked, by: Recording) -> None:
    rules, since = by.rules.domains, by.at - _HOUR
    if store.claims_since(tx, about.id, since) >= rules.claims_per_hour:
        raise _too_many(f"{about.facts.legal_name} has claimed {rules.claims_per_hour} domains within an hour.")
    if asked.code is None:
        return
    mine, all_ = store.codes_since(tx, asked.domain, since, about.id), store.codes_since(tx, asked.domain, since)
    if mine >= rules.codes_per_hour or all_ >= rules.domain_codes_per_hour:
        raise _too_many(f"Too many codes were mailed to {asked.domain} within an hour.")


def _too_many(what: str) -> TooManyDomainAttempts:
    return TooManyDomainAttempts(f"{what} Wait an hour, then go on.", retry_after=3600)


def _make(tx: Tx, about: Organization, asked: _Asked, by: Recording, before: tuple[Challenge, ...]) -> Challenge:
    """The new challenge, in place of those of the same kind."""
    replaced = [one.id for one in before if one.method is asked.method]
    for one in before:
        if one.id in replaced:
            store.move(tx, one, {"state": ChallengeState.WITHDRAWN, "settled_at": by.at})
    rules = by.rules.domains
    identifier = by.identifier()
    made = Challenge(
        id=identifier,
        account_id=about.account_id,
        organization_id=about.id,
        domain=asked.domain,
        method=asked.method,
        state=ChallengeState.OPEN,
        made_at=by.at,
        expires_at=by.at + (rules.challenge if asked.code is None else rules.code),
        token=policy.new_token(by.random) if asked.code is None else None,
        mailbox=asked.mailbox,
        code_sha256=None if asked.code is None else policy.code_digest(identifier, asked.code),
    )
    store.add(tx, made)
    organizations.journal(
        tx,
        about,
        "domain.claimed",
        by.actor,
        by.at,
        domain=made.domain,
        challenge=made.id,
        method=made.method,
        mailbox=made.mailbox,
        expires_at=made.expires_at.isoformat(),
        replaces=replaced,
    )
    return made


def _send(domains: Domains, made: Challenge, mailing: Attempt, letter: Letter) -> None:
    try:
        domains.mailer.send(letter)
    except MailNotSent as error:
        by = domains.recording(mailing.actor)
        with domains.database.write() as tx:
            store.end_attempt(tx, mailing.id, Outcome.NOT_SENT, {"to": letter.to, "problem": policy.safe(error.detail)})
            if store.move(tx, made, {"state": ChallengeState.FAILED, "settled_at": by.at}):
                about = organizations.find(tx, made.organization_id)
                organizations.journal(
                    tx, about, "domain.challenge_failed", by.actor, by.at, domain=made.domain, challenge=made.id, why=error.slug
                )
        raise
    with domains.database.write() as tx:
        store.end_attempt(tx, mailing.id, Outcome.SENT, {"to": letter.to})


def _minutes(by: Recording) -> int:
    return int(by.rules.domains.code.total_seconds()) // 60
