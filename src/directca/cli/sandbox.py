"""The sandbox: two made-up accounts that are vetted, funded and ready, so that an integrator runs end to end on one machine.

Whatever an earlier start made is used again. What an interrupted one left is completed: accounts are found by their names, and
passwords and secrets of which no copy exists any longer are replaced.
"""

from dataclasses import dataclass
from datetime import timedelta

from directca.accounts import accounts, ledger, people
from directca.accounts.people import NewPerson
from directca.accounts.person import Role
from directca.api.records import chain, pem
from directca.cli import sandbox_facts
from directca.cli.errors import NodeIncomplete
from directca.cli.sandbox_facts import AccountFacts, SandboxFacts
from directca.cli.words import new_password
from directca.db import nodes
from directca.db.engine import Tx
from directca.direct.oids import OrganizationType
from directca.issuance.found import ISSUING, ROOT
from directca.oauth import applications, scopes
from directca.oauth.applications import NewApplication
from directca.rooms import Authority
from directca.vetting import evidence, organizations
from directca.vetting.evidence import Recording
from directca.vetting.model import (
    EVERY_MAILBOX,
    DomainMethod,
    Organization,
    OrganizationFacts,
    OrganizationStatus,
    ProofingFacts,
    ProofingMethod,
    ProofingStatus,
)

ACTOR = "system:sandbox"
CLIENT_TOOL = "directca-cli"
REDIRECT_URI = "http://127.0.0.1:8765/callback"
_DEPOSIT = 100_000_000_000
"""A thousand million dollars: nobody runs out of it while measuring."""
_FRESH = timedelta(days=30)
"""A sandbox that is started again is proofed and verified anew once its records are this old, or this near their end."""


@dataclass(frozen=True)
class Blueprint:
    """What one sandbox account is made of."""

    name: str
    username: str
    domain: str
    state: str
    locality: str
    types: tuple[OrganizationType, ...]


FIRST = Blueprint(
    name="Sandbox Clinic",
    username="sandbox.clinic",
    domain="direct.sandbox-clinic.example",
    state="Vermont",
    locality="Burlington",
    types=tuple(OrganizationType),
)
SECOND = Blueprint(
    name="Second Sandbox Hospital",
    username="second.hospital",
    domain="direct.second-hospital.example",
    state="Oregon",
    locality="Portland",
    types=(OrganizationType.HEALTH_ENTITY, OrganizationType.BUSINESS_ASSOCIATE),
)


def check_node(authority: Authority) -> None:
    """Raise NodeIncomplete where the accounts would get new passwords and secrets while other nodes' users have theirs."""
    if authority.settings.database_file is None and sandbox_facts.read(authority.settings.data) is None:
        with authority.database.read() as tx:
            others = [one.name for one in nodes.every(tx) if one.name != authority.settings.node]
        if others:
            raise NodeIncomplete(
                f"{others[0]} serves this sandbox already. Copy {sandbox_facts.FILE} from its data folder to "
                f"{authority.settings.data}, or stop it first."
            )


def prepare(authority: Authority) -> SandboxFacts:
    """The sandbox's accounts, made or found, and `sandbox.json` telling how to use them at the present address."""
    base_url = authority.settings.public_url
    _register_client_tool(authority)
    first, second = (_vetted(authority, blueprint) for blueprint in (FIRST, SECOND))
    known = sandbox_facts.read(authority.settings.data)
    if known is not None and _still_true(authority, known.first, first) and _still_true(authority, known.second, second):
        facts = known.served_at(base_url)
    else:
        facts = SandboxFacts(_with_access(authority, FIRST, first), _with_access(authority, SECOND, second))
    if facts != known:
        sandbox_facts.write(authority.settings.data, facts)
    return facts


def _vetted(authority: Authority, blueprint: Blueprint) -> Organization:
    """The organization with everything on file, in one commit with its account and money."""
    at = authority.clock.now()
    recording = Recording(ACTOR, at, authority.policy.rules, authority.oauth.random, authority.registration.seal)
    with authority.database.write() as tx:
        known = _find(tx, blueprint)
        if known is None:
            known = _make(tx, blueprint, recording)
        if known.status is OrganizationStatus.APPROVED:
            _refresh(tx, known, blueprint, recording)
    return known


def _find(tx: Tx, blueprint: Blueprint) -> Organization | None:
    found = [
        organization
        for account in accounts.every(tx)
        if account.name == blueprint.name
        for organization in organizations.of_account(tx, account.id)
        if organization.facts.legal_name == blueprint.name
    ]
    return found[0] if found else None


def _make(tx: Tx, blueprint: Blueprint, by: Recording) -> Organization:
    account = accounts.open_account(tx, blueprint.name, actor=ACTOR, at=by.at, random=by.random)
    ledger.deposit(tx, account.id, _DEPOSIT, reference="sandbox", actor=ACTOR, at=by.at)
    facts = OrganizationFacts(blueprint.name, "US", blueprint.state, blueprint.locality, (), blueprint.types)
    made = organizations.register(tx, account.id, facts, actor=ACTOR, at=by.at, random=by.random)
    evidence.accept_agreement(tx, made.id, by.rules.agreement_version, "Sandbox Representative", by)
    _proof(tx, made, by)
    _verify(tx, made, blueprint.domain, by)
    evidence.authorize_mailbox(tx, made.id, blueprint.domain, EVERY_MAILBOX, None, by)
    return organizations.approve(tx, made.id, actor=ACTOR, at=by.at)


def _refresh(tx: Tx, organization: Organization, blueprint: Blueprint, by: Recording) -> None:
    proofed = [one for one in evidence.proofings(tx, organization.id) if one.status is ProofingStatus.VALID]
    if proofed and proofed[0].facts.proofed_at + _FRESH < by.at:
        _proof(tx, organization, by)
    for claim in evidence.claims(tx, organization.id):
        if claim.domain == blueprint.domain and claim.expires_at < by.at + _FRESH:
            _verify(tx, organization, claim.domain, by)


def _proof(tx: Tx, organization: Organization, by: Recording) -> None:
    facts = ProofingFacts(
        representative="Sandbox Representative",
        method=ProofingMethod.IN_PERSON,
        evidence_type="made-up passport",
        evidence_number="SANDBOX-0001",
        verifier="Sandbox Verifier",
        proofed_at=by.at,
        declared_by_representative=True,
        declared_by_verifier=True,
    )
    evidence.record_proofing(tx, organization.id, facts, by)


def _verify(tx: Tx, organization: Organization, domain: str, by: Recording) -> None:
    evidence.verify_domain(tx, organization.id, domain, DomainMethod.DNS_TXT, "made up for the sandbox", by)


def _register_client_tool(authority: Authority) -> None:
    with authority.database.read() as tx:
        if any(one.client_id == CLIENT_TOOL for one in applications.listed(tx)):
            return
    new = NewApplication(
        name="directca client",
        owner_name="this authority",
        redirect_uris=("http://127.0.0.1/callback",),
        confidential=False,
        native=True,
        client_id=CLIENT_TOOL,
    )
    applications.register(authority.oauth, new, actor=ACTOR)


def _still_true(authority: Authority, facts: AccountFacts, organization: Organization) -> bool:
    """Whether the account still has the person and the application that the facts name, under the same root."""
    usernames = [one.username for one in people.people_of(authority.people, organization.account_id)]
    with authority.database.read() as tx:
        clients = [one.client_id for one in applications.listed(tx, organization.account_id)]
    root_pem, chain_pem = _certificates(authority)
    return (
        facts.username in usernames
        and facts.client_id in clients
        and (facts.root_pem, facts.chain_pem, facts.organization) == (root_pem, chain_pem, organization.facts.legal_name)
    )


def _with_access(authority: Authority, blueprint: Blueprint, organization: Organization) -> AccountFacts:
    """Facts with a new password and a new secret, for a person and an application that are made or found."""
    client_id, client_secret = _application(authority, blueprint, organization.account_id)
    root_pem, chain_pem = _certificates(authority)
    return AccountFacts(
        base_url=authority.settings.public_url,
        client_id=client_id,
        client_secret=client_secret,
        redirect_uri=REDIRECT_URI,
        username=blueprint.username,
        password=_person(authority, blueprint, organization.account_id),
        direct_domain=blueprint.domain,
        organization=organization.facts.legal_name,
        root_pem=root_pem,
        chain_pem=chain_pem,
    )


def _person(authority: Authority, blueprint: Blueprint, account_id: str) -> str:
    password = new_password(authority.people.random)
    if any(one.username == blueprint.username for one in people.people_of(authority.people, account_id)):
        people.set_password(authority.people, blueprint.username, password, actor=ACTOR)
    else:
        roles = frozenset({Role.ACCOUNT_ADMINISTRATOR, Role.REPRESENTATIVE})
        new = NewPerson(account_id, blueprint.username, f"{blueprint.name} manager", password, roles)
        people.create(authority.people, new, actor=ACTOR)
    return password


def _application(authority: Authority, blueprint: Blueprint, account_id: str) -> tuple[str, str]:
    name = f"{blueprint.name} portal"
    with authority.database.read() as tx:
        known = [one for one in applications.listed(tx, account_id) if one.name == name]
    if known:
        return known[0].client_id, applications.rotate_secret(authority.oauth, known[0].client_id, actor=ACTOR)
    base_url = authority.settings.public_url
    new = NewApplication(
        name=name,
        owner_name=blueprint.name,
        redirect_uris=(REDIRECT_URI, f"{base_url}/docs/callback"),
        account_id=account_id,
        scopes=scopes.REGISTRABLE,
        # Away from loopback only a native application may come back to the user's own machine.
        native=base_url.startswith("https://"),
    )
    registered = applications.register(authority.oauth, new, actor=ACTOR)
    assert registered.secret is not None  # it was asked to be confidential
    return registered.client.client_id, registered.secret


def _certificates(authority: Authority) -> tuple[str, str]:
    root, issuing = authority.entries[ROOT].certificate_der, authority.entries[ISSUING].certificate_der
    return pem(root), chain(issuing, root)
