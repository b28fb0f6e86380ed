"""The certificate policy in words: each number of the policy in force, with what it means. A test holds it against the policy."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from directca.pki.profiles import CertificateProfile, Policy
from directca.web import dates

MEANINGS: Mapping[str, Mapping[str, str]] = {
    "Assertions": {
        "authority": "The certificate policy that the authority's own certificates assert",
        "cp_versions": "Versions of the certificate policy; an end entity asserts the newest",
        "assurances": "Levels of assurance that may be asserted",
        "categories": "Categories under HIPAA that may be asserted",
        "own_policy": "The authority's own policy, asserted besides",
        "own_cps_uri": "Where its practice statement is",
    },
    "Keys": {
        "minimum_bits": "Shortest RSA key",
        "maximum_bits": "Longest RSA key",
        "long_life_bits": "Shortest RSA key of a certificate that ends after the moment below",
        "long_life_after": "From when on longer keys are asked for",
        "minimum_exponent": "Smallest public exponent",
        "maximum_exponent_bits": "Longest public exponent",
    },
    "Revocation lists": {
        "interval": "How often a list is made when nothing changes",
        "longest_interval": "How long no list may be missing",
        "next_update": "How long a list lasts",
        "offline_next_update": "How long a list of an authority lasts whose key is kept offline",
        "offline_renew_before": "How long before its end the next one is asked for there",
    },
    "OCSP": {
        "responder": "How long a responder's certificate lasts",
        "renew_before": "How long before its end the next responder begins",
        "response": "How long an answer lasts",
    },
    "Rules": {
        "durations_years": "For how many years certificates are issued",
        "proofing_first_issue": "How soon after the proofing of an identity the first certificate must be issued",
        "proofing_maximum_years": "After how many years an identity is proofed anew, whatever was renewed",
        "domain_claim": "How long control of a domain holds that was shown",
        "hold_maximum": "How long a certificate may be on hold before it is revoked",
        "overlap": "How long the old pair stays valid beside a reissued one",
        "reproof_after_revocation": "Whether a revocation asks for a new proofing",
        "agreement_version": "The subscriber agreement that must have been accepted",
    },
    "Domains": {
        "challenge": "How long a TXT record is waited for",
        "code": "How long a mailed code is good",
        "code_tries": "How many tries a code has",
        "look_wait": "How long two looks for one record are apart",
        "looks_per_hour": "Looks for one record in an hour",
        "organization_looks_per_hour": "Looks for one organization in an hour",
        "codes_per_hour": "Codes to one domain for one organization in an hour",
        "domain_codes_per_hour": "Codes to one domain in an hour",
        "claims_per_hour": "Claims of one organization in an hour",
        "renew_before": "How long before its end control is looked at again",
        "renew_wait": "How often it is then looked at",
        "role_addresses": "Mailboxes of a domain to which a code may go",
    },
    "Notices": {"days": "How many days before an end its account is told of it"},
}


@dataclass(frozen=True)
class PolicyRow:
    """One number: what it is called in the file, what it means, what it is."""

    name: str
    meaning: str
    value: str


def sections(policy: Policy) -> tuple[tuple[str, tuple[PolicyRow, ...]], ...]:
    """Every number of the policy but those of the profiles, by the part of the policy."""
    parts = parts_of(policy)
    return tuple(
        (title, tuple(PolicyRow(name, meaning, text(getattr(parts[title], name))) for name, meaning in meanings.items()))
        for title, meanings in MEANINGS.items()
    )


def parts_of(policy: Policy) -> Mapping[str, Any]:
    """The parts of the policy, by the headings above."""
    rules = policy.rules
    return {
        "Assertions": policy.assertions,
        "Keys": policy.keys,
        "Revocation lists": policy.crl,
        "OCSP": policy.ocsp,
        "Rules": rules,
        "Domains": rules.domains,
        "Notices": rules.notices,
    }


def profiles(policy: Policy) -> Iterable[tuple[str, tuple[tuple[str, str], ...]]]:
    """Each profile: what its certificates look like."""
    for name, profile in policy.profiles.items():
        yield (
            name,
            tuple((one.name.replace("_", " "), _of_profile(profile, one.name)) for one in fields(profile) if one.name != "name"),
        )


def _of_profile(profile: CertificateProfile, name: str) -> str:
    value = getattr(profile, name)
    if name == "basic_constraints":
        if value is None:
            return "none"
        limit = "" if value.path_length is None else f", path length {value.path_length}"
        return f"CA{limit}" if value.certification_authority else "no CA"
    return text(sorted(value) if isinstance(value, frozenset) else value)


def text(value: object) -> str:
    """A value as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, timedelta):
        return span(value)
    if isinstance(value, datetime):
        return dates.iso_moment(value)
    if isinstance(value, (tuple, list)):
        return ", ".join(text(one) for one in value) or "none"
    return "none" if value is None else str(value)


def span(length: timedelta) -> str:
    """A length of time in the largest unit that measures it."""
    for unit, word in ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute")):
        if length >= unit and length % unit == timedelta():
            count = length // unit
            return f"{count:,} {word}{'' if count == 1 else 's'}"
    return f"{length.total_seconds():g} seconds"
