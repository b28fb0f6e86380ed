"""Everything that certificates name, looked at as a stranger would: is it there, is it sound, does it agree with the register?

Invariants 11 to 16: every address ever put into a certificate is probed, lists and OCSP tell what the register knows, nothing
stale is served, nothing goes back. Nothing here asks an object of this process: all is fetched, and read by another library than
the one that made it.
"""

from directca.certificates import addresses, authorities, census
from directca.certificates.addresses import AddressKind, NamedAddress, crl_uri, ocsp_uri
from directca.db.engine import Tx
from directca.revocation import crl, responders
from directca.revocation import verification_answers as answers
from directca.revocation import verification_facts as facts
from directca.revocation.model import ListId
from directca.revocation.verification_context import Verification, Visit
from directca.revocation.verification_issuers import addresses_in, chain_address, check_chain, check_issuer
from directca.revocation.verification_model import Asked, Outcome
from directca.revocation.verification_of_answers import ask_at
from directca.revocation.verification_of_lists import look_at_list

_CHILDREN = 3


def verify(verification: Verification) -> Outcome:
    """Look at every address, and at every list. Findings are the answer; raises what the database raises, and nothing else."""
    with verification.database.read() as tx:
        entries = {entry.id: entry for entry in authorities.known(tx)}
        named = addresses.named(tx)
        wanted = (*named, *_unnamed(tx, verification, named, tuple(entries)))
    visit = Visit(verification, entries)
    for address in wanted:
        visit.addresses += 1
        match address.kind:
            case AddressKind.CRL:
                look_at_list(visit, ListId(address.authority_id, address.partition), address.uri)
            case AddressKind.CA_ISSUERS:
                _look_at_issuer(visit, address)
            case AddressKind.OCSP:
                ask_at(visit, address.authority_id, address.uri)
    _look_for_others(visit, {address.uri for address in named})
    return Outcome(visit.findings.all(), visit.addresses, visit.lists, visit.listed, visit.answers)


def _unnamed(
    tx: Tx, verification: Verification, named: tuple[NamedAddress, ...], authority_ids: tuple[str, ...]
) -> tuple[NamedAddress, ...]:
    """What no certificate names, or not yet, and is served all the same, such as the full list beside partitions."""
    base = verification.relying_party_url
    known = {(one.kind, one.authority_id, one.partition) for one in named}
    served = [
        NamedAddress(crl_uri(base, of.authority_id, of.partition), AddressKind.CRL, of.authority_id, of.partition)
        for of in crl.lists(tx)
    ]
    served += [NamedAddress(ocsp_uri(base), AddressKind.OCSP, one) for one in authority_ids if responders.known(tx, one)]
    return tuple(one for one in served if (one.kind, one.authority_id, one.partition) not in known)


def _look_at_issuer(visit: Visit, address: NamedAddress) -> None:
    v = visit.verification
    registered = visit.entries[address.authority_id].certificate_der
    asked = Asked(v.url_of(address.uri), answers.MOST_CERTIFICATE_OCTETS)
    _, fetched = visit.ask(asked)
    if answers.is_usable(visit.findings, address.uri, asked, fetched, answers.CERTIFICATE):
        with v.database.read() as tx:
            some = census.some_good(tx, address.authority_id, _CHILDREN, v.clock.now(), v.chooser)
            children = facts.children(tx, address.authority_id, some)
        check_issuer(visit.findings, address.uri, fetched.body, registered, children)
    beside = chain_address(address.uri)
    if beside is not None:
        asked = Asked(v.url_of(beside), answers.MOST_CERTIFICATE_OCTETS)
        _, fetched = visit.ask(asked)
        if answers.is_usable(visit.findings, beside, asked, fetched, answers.CHAIN):
            check_chain(visit.findings, beside, fetched.body, visit.chain(address.authority_id))


def _look_for_others(visit: Visit, known: set[str]) -> None:
    """Addresses in certificates that nobody wrote down would be looked at by nobody (invariant 16)."""
    v = visit.verification
    with v.database.read() as tx:
        found = [entry.certificate_der for entry in visit.entries.values() if entry.parent_id is not None]
        for authority_id in visit.entries:
            some = census.some_good(tx, authority_id, v.sample, v.clock.now(), v.chooser)
            found.extend(facts.children(tx, authority_id, some))
    for address in sorted({one for certificate in found for one in addresses_in(certificate)} - known):
        visit.findings.add(
            "address_known", address, "A certificate names it, but it was never written down, so it was not looked at."
        )
