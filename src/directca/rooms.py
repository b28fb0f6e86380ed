"""The rooms of an authority that can sign: from a data folder's settings and keys to every verb, without any edge."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from secrets import token_bytes

from directca.accounts.billing import Billing
from directca.accounts.joining import Joining
from directca.accounts.people import People
from directca.certificates import authorities, authority_standing, switch
from directca.certificates.addresses import ca_issuers_uri, crl_uri, ocsp_uri
from directca.certificates.listing import partition_names
from directca.certificates.model import AuthorityEntry
from directca.clock import Clock
from directca.db.engine import Database, Tx
from directca.desk import Desk, not_founded, open_desk
from directca.issuance.context import Issuance, IssuanceConfig
from directca.issuance.distribution import Distribution
from directca.issuance.found import ISSUING, ROOT
from directca.mail.letter import Post
from directca.mail.smtp import SmtpPost
from directca.notices.context import Notices, Webhooks
from directca.oauth.context import OAuth
from directca.pki import keys
from directca.pki.certificate_view import read_issuer
from directca.pki.profiles import Policy, Rules
from directca.pki.templates import Addresses
from directca.revocation import ocsp
from directca.revocation.context import Revocation
from directca.revocation.freshness import FreshLists
from directca.revocation.model import ListId
from directca.revocation.ocsp import Ocsp
from directca.revocation.ocsp_signers import OcspSigners
from directca.revocation.responder_keys import StoredKeys
from directca.revocation.responders import Responding, UsableResponders
from directca.settings import Settings
from directca.signing import file_keys
from directca.signing.authority import Authority as SigningAuthority
from directca.signing.key_folder import KeyFolder
from directca.signing.port import SigningKey
from directca.signing.sealed_keys import SealedKeys
from directca.signing.sealed_secrets import SealedSecrets, passphrase_for
from directca.vetting.code_mail import CodeMailer
from directca.vetting.context import Registration
from directca.vetting.domain_context import Domains

_CA_BITS = 3072


@dataclass(frozen=True)
class Authority:
    """Every room of a running authority. `issuance`, `revocation` and `ocsp` need keys and so the passphrase."""

    settings: Settings
    clock: Clock
    database: Database
    policy: Policy
    people: People
    oauth: OAuth
    domains: Domains
    entries: dict[str, AuthorityEntry]
    issuance: Issuance
    revocation: Revocation
    ocsp: Ocsp
    registration: Registration
    post: Post
    webhooks: Webhooks
    billing: Billing
    joining: Joining

    def close(self) -> None:
        """Give back what is held open."""
        self.database.close()


def open_authority(data: Path, *, port: int | None = None, workers: int | None = None, clock: Clock | None = None) -> Authority:
    """The authority of a data folder, able to sign. Raises also NotFounded, WrongPassphrase, KeyUnusable, BlocklistDamaged."""
    desk = open_desk(data, port=port, workers=workers, clock=clock)
    with desk.database.read() as tx:
        entries = {entry.id: entry for entry in authorities.known(tx)}
    if ISSUING not in entries:
        raise not_founded(desk.settings)
    signers = _signers(desk, entries)
    revocation = Revocation(
        desk.database,
        desk.clock,
        desk.policy,
        signers,
        desk.settings.relying_party_url,
        desk.settings.sessions.step_up_seconds,
    )
    return Authority(
        settings=desk.settings,
        clock=desk.clock,
        database=desk.database,
        policy=desk.policy,
        people=desk.people,
        oauth=desk.oauth,
        domains=domains_of(desk.settings, desk.database, desk.clock, desk.policy.rules),
        entries=entries,
        issuance=_issuance(desk, entries, signers),
        revocation=revocation,
        ocsp=_ocsp(desk.settings, revocation),
        registration=desk.registration,
        post=desk.post,
        webhooks=webhooks_of(desk.settings, desk.notices, webhook_passphrase(desk.settings)),
        billing=desk.billing,
        joining=desk.joining,
    )


def domains_of(settings: Settings, database: Database, clock: Clock, rules: Rules) -> Domains:
    """Where control of domains is shown, which takes no key."""
    from directca.vetting.dns_lookup import DnsLookup  # noqa: PLC0415  (tests/exceptions.toml says why)

    return Domains(
        database=database,
        clock=clock,
        random=token_bytes,
        rules=rules,
        config=settings.domains,
        lookup=DnsLookup(settings.domains),
        mailer=CodeMailer(SmtpPost(settings.mail, settings.data, clock), settings.public_url),
    )


def webhook_passphrase(settings: Settings) -> bytes:
    """What opens the secrets of webhooks, and nothing else. Raises BadSettings."""
    return passphrase_for("webhooks", settings.passphrase())


def webhooks_of(settings: Settings, notices: Notices, passphrase: bytes) -> Webhooks:
    """What sends to webhooks, which takes no key of the authority."""
    from directca.api.webhook_poster import WebhookPoster  # noqa: PLC0415  (tests/exceptions.toml says why)

    poster = WebhookPoster(settings.notices, settings.data, settings.domains.places())
    return Webhooks(notices, SealedSecrets(passphrase), poster)


def addresses(settings: Settings, authority_id: str) -> Addresses:
    """Where an authority's full list and certificate are, and, of the authority that has responders, where OCSP is answered."""
    base = settings.relying_party_url
    answers = ocsp_uri(base) if authority_id == ISSUING else None
    return Addresses(crl=crl_uri(base, authority_id), ca_issuers=ca_issuers_uri(base, authority_id), ocsp=answers)


def authority_key(settings: Settings, reference: str) -> SigningKey:
    """The key of an authority that is being founded: the file that an interrupted founding left, else a new one, RSA-3072."""
    path, passphrase = settings.keys / reference, settings.passphrase()
    return file_keys.load(path, passphrase) if path.exists() else file_keys.create(path, passphrase, bits=_CA_BITS)


def offline_authority(certificate_der: bytes, key: Path, passphrase: bytes, policy: Policy) -> SigningAuthority:
    """An authority on the machine where its key is kept, without a database and so without a switch that stops signing.

    Raises DerError, KeyUnusable, WrongPassphrase, LintFailed.
    """
    return SigningAuthority(read_issuer(certificate_der), file_keys.load(key, passphrase), policy, lambda: None)


def _signers(desk: Desk, entries: dict[str, AuthorityEntry]) -> dict[str, SigningAuthority]:
    guard = switch.Guard(desk.database)
    passphrase = desk.settings.passphrase()
    signers = {}
    for entry in entries.values():
        issuer = read_issuer(entry.certificate_der)
        path = desk.settings.keys / entry.key_reference
        deferred = entry.id == ROOT
        key = (
            file_keys.DeferredKey(path, passphrase, issuer.spki_der)
            if deferred
            else file_keys.load(path, passphrase, at_once=desk.settings.cores_per_worker)
        )
        signers[entry.id] = SigningAuthority(issuer, key, desk.policy, guard)
    return signers


def _ocsp(settings: Settings, revocation: Revocation) -> Ocsp:
    sealer = SealedKeys(settings.passphrase(), at_once=settings.cores_per_worker)
    keys_of_responders = StoredKeys(revocation.database, revocation.clock, sealer, KeyFolder(settings.keys))
    desk = Responding(revocation, keys_of_responders, {ISSUING: addresses(settings, ISSUING)}, token_bytes)
    signers = OcspSigners(desk, switch.Guard(revocation.database))
    return Ocsp(
        revocation=revocation,
        signers=signers,
        issuers=ocsp.issuers_of(revocation, signers.served),
        by_name=settings.revocation.responder_id == "name",
        abandoned_after=timedelta(seconds=settings.issuance.abandoned_after_seconds),
    )


def _issuance(desk: Desk, entries: dict[str, AuthorityEntry], signers: dict[str, SigningAuthority]) -> Issuance:
    config = desk.settings.issuance
    return Issuance(
        database=desk.database,
        clock=desk.clock,
        policy=desk.policy,
        authority=signers[ISSUING],
        authority_id=ISSUING,
        issuer_dn=entries[ISSUING].subject_dn,
        distribution=Distribution(
            ISSUING,
            addresses(desk.settings, ISSUING),
            desk.settings.relying_party_url,
            desk.settings.revocation.partitions,
        ),
        prices=desk.settings.prices,
        blocked_keys=desk.settings.blocked_keys(),
        status_asked=_status_asked(desk),
        own_keys=frozenset(keys.read_spki(one.issuer.spki_der).modulus_sha256 for one in signers.values()),
        quotas=desk.settings.quotas,
        registration=desk.registration,
        config=IssuanceConfig(config.assurance, timedelta(seconds=config.abandoned_after_seconds)),
    )


def _status_asked(desk: Desk) -> Callable[[Tx], Callable[[], None]]:
    """What a relying party needs for a subscriber's certificate must be there: an issuing CA that is not revoked, its lists and
    the root's, and somebody who answers OCSP."""
    base = desk.settings.relying_party_url
    named = partition_names(desk.settings.revocation.partitions)
    points = {ListId(ISSUING, name): crl_uri(base, ISSUING, name) if name else None for name in named}
    lists = FreshLists({ListId(ISSUING): None, ListId(ROOT): None, **points})
    responders = UsableResponders((ISSUING,))

    def asked(tx: Tx) -> Callable[[], None]:
        certifies, fresh = authority_standing.certifies_asked(tx, ISSUING), lists.asked(tx, desk.clock.now())

        def check() -> None:
            certifies()
            fresh()
            responders.check(tx, desk.clock.now())

        return check

    return asked
