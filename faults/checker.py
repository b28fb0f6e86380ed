"""The independent checker: walks everything that a run left, and says what must not be. It uses none of the product's code."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from faults.checks import answers, books, errands, signatures, status
from faults.evidence import Evidence

Check = Callable[[Evidence], Iterator[str]]

CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "each answered purchase is in the books, for the keys sent": answers.kept,
        "each answered revocation is in the books": answers.revoked,
        "each token given is in the books": answers.tokens,
        "what was answered is found again": answers.read_back,
        "no key answered twice differently": answers.once,
        "nothing bought but what was answered; all answered in the end": answers.nothing_more,
        "nobody was answered 500": answers.no_bugs,
        "each signature has its intent, audit row and end": signatures.known,
        "each certificate's signature was witnessed": signatures.witnessed,
        "each list's number was reserved and signed once": signatures.lists,
        "no serial twice": books.serials,
        "pairs whole, intents settled": books.pairs,
        "certificates are those intended, and verify": books.certificates,
        "ledger balanced": books.ledger,
        "each order charged once or given back": books.orders,
        "journal chain whole": books.chain,
        "journal tells of each record": books.audit,
        "CRL agrees with the books, at each node": status.listed,
        "lists only moved forward": status.numbers,
        "OCSP agrees with the books, at each node": status.answered,
        "OCSP never said good of what was not issued": status.never_good,
        "feed of each account without gap or double": errands.feed,
        "each event reached the webhook, signed": errands.deliveries,
        "invoices without gap, one for each movement": errands.invoices,
        "each payment credited once": errands.top_ups,
        "files of addresses whole or not at all": errands.uploads,
    }
)


def findings(of: Evidence) -> dict[str, list[str]]:
    """What each check found; nothing, where all is well."""
    return {name: list(check(of)) for name, check in CHECKS.items()}
