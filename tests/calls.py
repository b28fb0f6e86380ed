"""Every verb of the table of permissions, called by somebody for what belongs to somebody: `TRIALS['REVOKE'](house, asked)`."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property, partial

from directca.accounts import (
    accounts,
    enrolment,
    factor_store,
    people,
    people_store,
    roles,
    second_factor,
    sessions,
)
from directca.accounts.factor import Passkey
from directca.accounts.factor_errors import WrongSecondFactor
from directca.accounts.factors import Factors, code_id
from directca.accounts.passwords import Passwords
from directca.accounts.people import NewPerson, People
from directca.accounts.person import Person, Role, Session
from directca.accounts.standing import is_officer
from directca.certificates import register
from directca.certificates.chosen import Selection
from directca.db.engine import Database
from directca.direct import names
from directca.errors import NotFound, Rejected
from directca.issuance.issue import issue
from directca.issuance.reissue import reissue
from directca.issuance.renew import renew
from directca.oauth import applications, connected, scopes
from directca.oauth.applications import NewApplication
from directca.oauth.authorize import AuthorizationRequest, consider, decide
from directca.oauth.config import OAuthConfig
from directca.oauth.context import OAuth
from directca.oauth.model import SECOND_FACTOR, Authentication, Principal
from directca.oauth.protocol import Parameters
from directca.pki.reasons import RevocationReason
from directca.revocation import bulk
from directca.revocation.bulk_model import Wanted
from directca.revocation.model import Requester
from directca.revocation.organization_end import end_organization
from directca.revocation.revoke import revoke
from directca.vetting import actors, deciding, domain_views
from directca.vetting.case_model import Actor
from directca.vetting.config import DomainConfig
from directca.vetting.domain_check import check
from directca.vetting.domain_claim import claim
from directca.vetting.domain_confirm import confirm
from directca.vetting.domain_context import Domains
from directca.vetting.domain_model import Challenge, Claimant
from directca.vetting.domain_model import Wanted as WantedDomain
from directca.vetting.domain_withdraw import withdraw as withdraw_domain
from directca.vetting.model import DomainMethod
from tests.account_calls import OF_ACCOUNTS
from tests.address_calls import OF_ADDRESSES
from tests.applications import Office, an_office
from tests.authenticator import Authenticator
from tests.case_calls import OF_APPLICANTS, OF_OFFICERS, OF_STAFF, Call, organization_of
from tests.clinic import RULES
from tests.factors import shown
from tests.notice_calls import OF_NOTICES, NoticeCall
from tests.oversight_calls import OF_OVERSIGHT, OversightCall
from tests.people import CHEAP, some_factors
from tests.proposal_calls import OF_PROPOSALS, ProposalCall
from tests.proving import Box, Zones
from tests.website import CALLBACK
from tests.world import ALICE, DOMAIN, World, a_world

HELD, COMPROMISED = f"held@{DOMAIN}", f"compromised@{DOMAIN}"
CODE = "CODE-CODE-CODE-CODE"


@dataclass(frozen=True)
class Asked:
    """One call: by whom, in which session, for what of whom."""

    session: Session
    owner: Person

    @property
    def doer(self) -> Person:
        return self.session.person


@dataclass
class House:
    """An authority, and people of two accounts."""

    world: World
    people: People
    factors: Factors
    oauth: OAuth
    elsewhere: str
    zones: Zones
    box: Box

    @property
    def domains(self) -> Domains:
        """The desk at which control of domains is shown."""
        clock, database = self.world.clock, self.world.database
        return Domains(database, clock, secrets.token_bytes, RULES, DomainConfig(), self.zones, self.box)

    @cached_property
    def office(self) -> Office:
        """The desk at which vetting cases are decided, with an applicant of the account that the trials are about."""
        made = an_office(self.world.database, open_cases=1000)
        return replace(made, applicant=self.actor(self.person(), made))

    def actor(self, person: Person, office: Office | None = None, shown_at: datetime | None = None) -> Actor:
        """As the edge makes it of a token. `shown_at` is by the world's clock."""
        desk = (office or self.office).desk
        ours = None if shown_at is None else desk.clock.now() - (self.world.clock.now() - shown_at)
        return actors.person(desk, person.account_id, person.id, "client:console", ours)

    def doer(self, asked: "Asked") -> Actor:
        """Whoever calls, with the factor as it was shown in the session."""
        return self.actor(asked.doer, shown_at=asked.session.second_factor_at)

    def person(self, *granted: Role, account_id: str | None = None) -> Person:
        name = secrets.token_hex(6)
        new = NewPerson(account_id or self.world.account_id, name, name, "a long enough pass phrase", frozenset(granted))
        return people.create(self.people, new, actor="operator:ann")

    def session(self, of: Person, *, shown_before: timedelta) -> Session:
        """A complete session of somebody with a second factor, which was shown some time ago."""
        now = self.world.clock.now()
        identity = secrets.token_hex(32)
        began = now - shown_before
        ends = now + timedelta(hours=8)
        made = Session(identity, of, "Clinic", "Firefox", began, now, ends, second_factor_at=began, has_factor=True)
        with self.world.database.write() as tx:
            people_store.add_session(tx, made)
            factor_store.replace_codes(tx, of.id, [code_id(of.id, CODE)])
            for _ in range(2):
                key = Passkey(secrets.token_hex(32), of.id, "laptop", secrets.token_bytes(32), b"key", 0)
                factor_store.add_passkey(tx, key, now)
        return made

    def principal(self, asked: Asked) -> Principal:
        return Principal(asked.doer.account_id, asked.doer.id, "client", scopes.SCOPES, "grant")

    def requester(self, asked: Asked) -> Requester:
        """As the edge makes it of a token that was granted as an officer's."""
        with self.world.database.read() as tx:
            officer = is_officer(tx, asked.doer.account_id, asked.doer.id)
        return Requester(asked.doer.actor, asked.doer.account_id, officer=officer, shown_at=asked.session.second_factor_at)

    def request(self, scope: str) -> AuthorizationRequest:
        new = NewApplication("Console", "Owner", (CALLBACK,), self.world.account_id, scopes=scopes.SCOPES)
        client = applications.register(self.oauth, new, actor="operator:ann").client
        pairs = {"client_id": client.client_id, "redirect_uri": CALLBACK, "response_type": "code", "scope": scope}
        asked = consider(self.oauth, Parameters(tuple(pairs.items())))
        assert isinstance(asked, AuthorizationRequest)
        return asked


def a_house(database: Database) -> House:
    world = a_world(database)
    for number, name in enumerate((ALICE, HELD, COMPROMISED)):
        world.issue(name, key=2 * number)
    with database.write() as tx:
        other = accounts.open_account(tx, "Other", actor="operator:ann", at=world.clock.now(), random=secrets.token_bytes)
    known = People(database, world.clock, secrets.token_bytes, Passwords(CHEAP, secrets.token_bytes))
    return House(
        world,
        known,
        some_factors(known),
        OAuth(database, world.clock, OAuthConfig("https://ca.example.org")),
        other.id,
        Zones(),
        Box(),
    )


Trial = Callable[[House, Asked], object]


def _issue(house: House, asked: Asked) -> object:
    # For a name that only the account with the verified domain can have.
    return issue(house.world.issuance, house.principal(asked), house.world.application(f"new@{DOMAIN}", key=6), dry_run=True)


def _reissue(house: House, asked: Asked) -> object:
    return reissue(house.world.issuance, house.principal(asked), names.parse(ALICE), house.world.application(None, None))


def _renew(house: House, asked: Asked) -> object:
    return renew(house.world.issuance, house.principal(asked), names.parse(ALICE), house.world.application(None, 1))


def _retrieve(house: House, asked: Asked) -> object:
    with house.world.database.read() as tx:
        return register.history(tx, ALICE).of_account(asked.doer.account_id)


def _revoke(house: House, asked: Asked, name: str = HELD, why: RevocationReason = RevocationReason.CERTIFICATE_HOLD) -> object:
    return revoke(house.world.revocation, house.requester(asked), names.parse(name), why)


def _revoke_for_authority(house: House, asked: Asked) -> object:
    return _revoke(house, asked, COMPROMISED, RevocationReason.CA_COMPROMISE)


def _end_organization(house: House, asked: Asked) -> object:
    # As the edge does it: the desk is asked first.
    office = replace(house.office, applicant=house.actor(asked.owner))
    known = deciding.check_may_end(office.desk, house.doer(asked), organization_of(office))
    return end_organization(house.world.revocation, house.requester(asked), known.id, "it closed")


def _wanted(house: House, asked: Asked) -> Wanted:
    return Wanted(Selection(account_id=asked.owner.account_id), RevocationReason.SUPERSEDED)


def _allow(house: House, asked: Asked, scope: str = scopes.TUSER_ACCOUNT) -> object:
    _only_for_oneself(asked)
    said = Authentication(asked.session.second_factor_at, SECOND_FACTOR)
    sent = decide(house.oauth, house.request(scope), asked.doer, granted=True, said=said).location
    if "code=" not in sent:
        raise Rejected(sent)
    return sent


def _withdraw_application(house: House, asked: Asked) -> object:
    request = house.request(scopes.TUSER_ACCOUNT)
    decide(house.oauth, request, asked.owner, granted=True)
    return connected.withdraw(house.oauth, asked.doer, request.client.client_id)


def _list_applications(house: House, asked: Asked) -> object:
    request = house.request(scopes.TUSER_ACCOUNT)
    decide(house.oauth, request, asked.owner, granted=True)
    # A code that nobody has redeemed lets nobody in yet: what is listed is what has tokens.
    _only_for_oneself(asked)
    return connected.connections(house.oauth, asked.doer)


def _list_sessions(house: House, asked: Asked) -> object:
    theirs = house.session(asked.owner, shown_before=timedelta())
    found = sessions.of_person(house.people, asked.doer)
    return _there(theirs.id, [one.id for one in found])


def _end_session(house: House, asked: Asked) -> object:
    theirs = house.session(asked.owner, shown_before=timedelta())
    return sessions.end_by_id(house.people, asked.doer, theirs.id, actor=asked.doer.actor)


def _show_factor(house: House, asked: Asked) -> object:
    house.session(asked.owner, shown_before=timedelta())
    with house.world.database.write() as tx:
        factor_store.replace_codes(tx, asked.doer.id, [])
        factor_store.replace_codes(tx, asked.owner.id, [code_id(asked.owner.id, CODE)])
    try:
        return second_factor.show(house.factors, asked.session, shown(CODE))
    except WrongSecondFactor as wrong:
        raise Rejected(wrong.detail) from wrong


def _list_factors(house: House, asked: Asked) -> object:
    house.session(asked.owner, shown_before=timedelta())
    with house.world.database.read() as tx:
        theirs = factor_store.held(tx, asked.owner.id).factors[-1]
    return _there(theirs.id, [one.id for one in enrolment.held(house.factors, asked.session).factors])


def _add_app(house: House, asked: Asked) -> object:
    _only_for_oneself(asked)
    return enrolment.begin_app(house.factors, asked.session)


def _add_passkey(house: House, asked: Asked) -> object:
    _only_for_oneself(asked)
    made = Authenticator().make(enrolment.begin_passkey(house.factors, asked.session))
    return enrolment.add_passkey(house.factors, asked.session, "new", replace(shown(""), passkey=made))


def _remove_factor(house: House, asked: Asked) -> object:
    if asked.owner != asked.doer:
        house.session(asked.owner, shown_before=timedelta())
    with house.world.database.read() as tx:
        theirs = factor_store.held(tx, asked.owner.id).factors[0]
    return enrolment.remove(house.factors, asked.session, theirs.id)


def _make_codes(house: House, asked: Asked) -> object:
    _only_for_oneself(asked)
    return enrolment.make_codes(house.factors, asked.session)


def _claimed(house: House) -> Challenge:
    """A domain that the account with the organization has claimed, on another day: claims have rates."""
    house.world.clock.advance(days=1)
    name, method = f"{secrets.token_hex(4)}.example", DomainMethod.ROLE_ADDRESS
    ours = Claimant("person:1", house.world.account_id)
    return claim(house.domains, ours, WantedDomain(name, method, house.world.organization_id, mailbox="postmaster"))


def _claimant(asked: Asked) -> Claimant:
    return Claimant(asked.doer.actor, asked.doer.account_id)


def _claim_domain(house: House, asked: Asked) -> object:
    house.world.clock.advance(days=1)
    wanted = WantedDomain(f"{secrets.token_hex(4)}.example", DomainMethod.DNS_TXT, house.world.organization_id)
    return claim(house.domains, _claimant(asked), wanted)


def _check_domain(house: House, asked: Asked) -> object:
    house.world.clock.advance(days=1)
    ours = Claimant("person:1", house.world.account_id)
    wanted = WantedDomain(f"{secrets.token_hex(4)}.example", DomainMethod.DNS_TXT, house.world.organization_id)
    challenge = claim(house.domains, ours, wanted)
    house.zones.publish(challenge)
    return check(house.domains, _claimant(asked), challenge.id)


def _confirm_domain(house: House, asked: Asked) -> object:
    challenge = _claimed(house)
    return confirm(house.domains, _claimant(asked), challenge.id, house.box.code)


def _of_applicants(call: Call) -> Trial:
    """For a case of the account that the trials are about."""
    return lambda house, asked: call(house.office, house.doer(asked))


def _of_notices(call: NoticeCall) -> Trial:
    """For what is told to the account that the trials are about."""
    return lambda house, asked: call(house.world, asked.doer, asked.owner)


def _of_officers(call: Call) -> Trial:
    """For a case of whom the trial names."""
    return lambda house, asked: call(replace(house.office, applicant=house.actor(asked.owner)), house.doer(asked))


def _of_proposals(call: ProposalCall) -> Trial:
    """About a pair of whom the trial names, which they propose themselves or somebody else does."""
    return lambda house, asked: call(house.world, house.office.desk, house.doer(asked), house.actor(asked.owner))


def _of_oversight(call: OversightCall) -> Trial:
    """For what belongs to the authority, whoever the trial names."""
    return lambda house, asked: call(house.people, house.world.revocation, asked.session, asked.owner.username)


TRIALS: dict[str, Trial] = {
    "ISSUE": _issue,
    "REISSUE": _reissue,
    "RENEW": _renew,
    "RETRIEVE": _retrieve,
    "REVOKE": _revoke,
    "REVOKE_FOR_AUTHORITY": _revoke_for_authority,
    "PLAN_MANY": lambda house, asked: bulk.plan(house.world.revocation, house.requester(asked), _wanted(house, asked)),
    "REVOKE_MANY": lambda house, asked: bulk.order(house.world.revocation, house.requester(asked), _wanted(house, asked)),
    "END_ORGANIZATION": _end_organization,
    **{name: _of_proposals(call) for name, call in OF_PROPOSALS.items()},
    "CLAIM_DOMAIN": _claim_domain,
    "CHECK_DOMAIN": _check_domain,
    "CONFIRM_DOMAIN": _confirm_domain,
    "WITHDRAW_DOMAIN": lambda house, asked: withdraw_domain(house.domains, _claimant(asked), _claimed(house).id),
    "SEE_DOMAINS": lambda house, asked: domain_views.view(house.domains, _claimant(asked), _claimed(house).id),
    **{name: _of_applicants(call) for name, call in (OF_APPLICANTS | OF_ADDRESSES).items()},
    **{name: _of_officers(call) for name, call in OF_OFFICERS.items()},
    **{name: _of_notices(call) for name, call in OF_NOTICES.items()},
    "ALLOW_APPLICATION": _allow,
    **{name: partial(_allow, scope=scope) for name, scope in OF_STAFF.items()},
    "LIST_APPLICATIONS": _list_applications,
    "WITHDRAW_APPLICATION": _withdraw_application,
    **OF_ACCOUNTS,
    "LIST_SESSIONS": _list_sessions,
    "END_SESSION": _end_session,
    "SHOW_FACTOR": _show_factor,
    "LIST_FACTORS": _list_factors,
    "ADD_APP": _add_app,
    "ADD_PASSKEY": _add_passkey,
    "REMOVE_FACTOR": _remove_factor,
    "MAKE_CODES": _make_codes,
    **{name: _of_oversight(call) for name, call in OF_OVERSIGHT.items()},
    "GRANT_ROLE": lambda house, asked: roles.grant(house.people, asked.owner.username, Role.OPERATOR, by=asked.session),
    "WITHDRAW_ROLE": lambda house, asked: roles.withdraw(house.people, asked.owner.username, Role.OPERATOR, by=asked.session),
}
"""How each verb is called for what belongs to somebody."""


def _only_for_oneself(asked: Asked) -> None:
    """The verb has nothing by which anybody else could be named: its one person is the caller."""
    if asked.owner != asked.doer:
        raise Rejected("There is no such call.")


def _there(wanted: str, found: list[str]) -> object:
    if wanted not in found:
        raise NotFound("Not among them.")
    return found
