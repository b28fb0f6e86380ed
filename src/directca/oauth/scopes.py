"""What a scope allows (RFC 6749 3.3). `tuser.account` is the published API's one scope and covers what concerns the account, but
for who may use the account.

What reaches beyond the account is for officers of the authority: no other scope covers it, and nobody else can grant it.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

TUSER_ACCOUNT = "tuser.account"
CERTIFICATE_READ = "certificate.read"
CERTIFICATE_ISSUE = "certificate.issue"
CERTIFICATE_REVOKE = "certificate.revoke"
ACCOUNT_READ = "account.read"
ACCOUNT_MANAGE = "account.manage"
ORGANIZATION_APPLY = "organization.apply"
AUTHORITY_REVOKE = "authority.revoke"
AUTHORITY_VET = "authority.vet"
AUTHORITY_READ = "authority.read"
AUTHORITY_PROOF = "authority.proof"

SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        TUSER_ACCOUNT: "Buy, renew, reissue, revoke and read certificates for {account}, charged to your account.",
        CERTIFICATE_READ: "Read the certificate records of {account}.",
        CERTIFICATE_ISSUE: "Buy, renew and reissue certificates for {account}, charged to your account.",
        CERTIFICATE_REVOKE: "Revoke, suspend and release certificates of {account}. A revocation cannot be undone.",
        ACCOUNT_READ: "Read the balance, orders, users, applications, organizations and domains of {account}.",
        ACCOUNT_MANAGE: "Let people into {account} and out of it, make and change its applications, and replace their secrets.",
        ORGANIZATION_APPLY: "Apply for {account} to the certificate authority: for organizations, their people, and changes.",
        AUTHORITY_REVOKE: "As an officer of the certificate authority, revoke certificates of every account, not of {account} "
        "alone, many at once. A revocation cannot be undone.",
        AUTHORITY_VET: "For the certificate authority, see and decide on what every account applies for, not {account} alone, "
        "and, if you are an officer, suspend or end organizations.",
        AUTHORITY_READ: "For the certificate authority, see what every account applies for, not {account} alone, and what waits "
        "for a decision.",
        AUTHORITY_PROOF: "As a trusted agent of the certificate authority, record whom you have proofed for accounts other than "
        "{account}.",
    }
)
"""Every scope there is, in the order of the consent page, and what it means there."""

SCOPES = tuple(SENTENCES)

OFFICERS = frozenset({AUTHORITY_REVOKE, AUTHORITY_VET, AUTHORITY_READ, AUTHORITY_PROOF})
"""Those that only officers and others of the authority's staff can grant, each in the roles that `authorize.py` says."""

OF_ACCOUNT = tuple(scope for scope in SCOPES if scope not in OFFICERS | {ACCOUNT_MANAGE})
"""Those that concern the account alone, and that `tuser.account` covers: it was granted to buy certificates, and an application
that was taken over must not be able to stay by letting others in."""

REGISTRABLE = (*OF_ACCOUNT, ACCOUNT_MANAGE)
"""Those that an account can give to applications of its own."""

REFUSALS: Mapping[str, str] = MappingProxyType(
    {
        CERTIFICATE_READ: "Read your certificate records.",
        CERTIFICATE_ISSUE: "Buy, renew or reissue certificates, or spend your balance.",
        CERTIFICATE_REVOKE: "Revoke, suspend or release certificates.",
        ACCOUNT_READ: "Read your balance, orders, users, applications, organizations and domains.",
        ACCOUNT_MANAGE: "Manage the users or applications of your account.",
        ORGANIZATION_APPLY: "Apply for organizations, or change what is on file about them.",
    }
)
"""What an application without the scope may not do, in the words of the consent page."""


def parse(text: str) -> tuple[str, ...]:
    """The scopes of a space-delimited list, each once, in the order given. Unknown ones are kept for the caller to refuse."""
    return tuple(dict.fromkeys(word for word in text.split(" ") if word))


def unknown(scopes: Iterable[str]) -> tuple[str, ...]:
    """Those that this server does not have."""
    return tuple(scope for scope in scopes if scope not in SENTENCES)


def allows(scopes: Iterable[str], needed: str) -> bool:
    """Whether these scopes permit what `needed` stands for. No scopes permit nothing; an unknown need is never met."""
    held = frozenset(scopes)
    if needed == AUTHORITY_READ and AUTHORITY_VET in held:
        return True  # whoever decides has looked
    return needed in SENTENCES and (needed in held or (TUSER_ACCOUNT in held and needed in OF_ACCOUNT))


def for_officers(scopes: Iterable[str]) -> bool:
    """Whether one of them can be granted by the authority's staff only."""
    return not OFFICERS.isdisjoint(scopes)


def not_allowed(scopes: Iterable[str]) -> tuple[str, ...]:
    """The scopes whose functions these do not permit."""
    held = tuple(scopes)
    return tuple(scope for scope in REFUSALS if not allows(held, scope))


def covers(scopes: Iterable[str], wanted: Iterable[str]) -> bool:
    """Whether every one of the wanted scopes is permitted."""
    held = tuple(scopes)
    return all(allows(held, one) for one in wanted)
