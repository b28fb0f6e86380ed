"""What RFC 5280 section 5, the Direct profile and the policy demand of every CRL, one rule per function."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise

from directca.pki import der, oids
from directca.pki.crl import CrlTemplate, RevokedEntry
from directca.pki.crl_view import CrlView, EntryView
from directca.pki.der import DerError
from directca.pki.extensions import read_authority_key_id, read_issuing_distribution_point
from directca.pki.profiles import Policy
from directca.pki.reasons import RevocationReason
from directca.pki.templates import Issuer

_MAXIMUM_NUMBER_OCTETS = 20
_GENERALIZED_TIME_FROM = 2050
_EXTENSIONS = ((oids.AUTHORITY_KEY_ID, False), (oids.CRL_NUMBER, False))
_POINT = (oids.ISSUING_DISTRIBUTION_POINT, True)
_ENTRY_EXTENSIONS: tuple[list[str], ...] = (
    [],
    [oids.REASON_CODE],
    [oids.INVALIDITY_DATE],
    [oids.REASON_CODE, oids.INVALIDITY_DATE],
)
_REASONS = {reason.code: reason for reason in RevocationReason if reason.on_full_crl}


@dataclass(frozen=True, slots=True)
class ExaminedCrl:
    """A CRL as its bytes say it, beside what was decided, who signs it and under which policy.

    `entries` are its entries decoded, of a long list the first ones; `count` is how many it has.
    """

    view: CrlView
    entries: tuple[RevokedEntry, ...]
    count: int
    template: CrlTemplate
    issuer: Issuer
    policy: Policy


CrlRule = Callable[[ExaminedCrl], str | None]


def read_entry(view: EntryView) -> RevokedEntry:
    """An entry's values. Raises DerError for a reason that a full CRL cannot give, and for `unspecified` written out."""
    kinds = [extension.kind for extension in view.extensions]
    if kinds not in _ENTRY_EXTENSIONS or any(extension.critical for extension in view.extensions):
        raise DerError("A CRL entry has other extensions than reasonCode and invalidityDate, both not critical.")
    values = {extension.kind: der.read(extension.value) for extension in view.extensions}
    reason = None
    if oids.REASON_CODE in values:
        code = der.read_integer(values[oids.REASON_CODE], der.ENUMERATED)
        if code not in _REASONS:
            raise DerError(f"The reason code {code} has no place in a full CRL.")
        reason = _REASONS[code]
    invalidity_date = None
    if oids.INVALIDITY_DATE in values:
        if values[oids.INVALIDITY_DATE].tag != der.GENERALIZED_TIME:
            raise DerError("invalidityDate is a GeneralizedTime (5.3.2).")
        invalidity_date = der.read_time(values[oids.INVALIDITY_DATE])
    if not has_form_of_its_year(view.revoked_at):
        raise DerError("An entry's time is in the form of another half-century (5.1.2.6).")
    return RevokedEntry(der.read_integer(view.serial), der.read_time(view.revoked_at), reason, invalidity_date)


def has_form_of_its_year(time: der.Element) -> bool:
    """Whether a time is UTCTime through 2049 and GeneralizedTime after."""
    return time.tag == (der.GENERALIZED_TIME if der.read_time(time).year >= _GENERALIZED_TIME_FROM else der.UTC_TIME)


def version_is_2(examined: ExaminedCrl) -> str | None:
    """5.1.2.1: extensions demand version 2, which is encoded as 1."""
    return None if examined.view.version == 1 else f"version {examined.view.version + 1}"


def signature_algorithms_agree(examined: ExaminedCrl) -> str | None:
    """5.1.1.2: inside and outside the same AlgorithmIdentifier, byte for byte."""
    view = examined.view
    return None if view.inner_algorithm == view.outer_algorithm else "the inner and the outer algorithm differ"


def signature_algorithm_is_the_issuers(examined: ExaminedCrl) -> str | None:
    """The algorithm that the CA signs with."""
    same = examined.view.inner_algorithm == examined.issuer.algorithm.identifier
    return None if same else "the signature algorithm is not the one this CA signs with"


def issuer_is_the_subject_of_the_ca(examined: ExaminedCrl) -> str | None:
    """5.1.2.3, byte for byte."""
    same = examined.view.issuer_der == examined.issuer.name_der
    return None if same else "the issuer's name is not the CA's subject, byte for byte"


def extensions_are_those_of_its_kind(examined: ExaminedCrl) -> str | None:
    """5.2: key id and number always, neither critical; a list of a partition says so critically, a full one not at all."""
    found = [(extension.kind, extension.critical) for extension in examined.view.extensions]
    wanted = [*_EXTENSIONS, *([_POINT] if examined.template.points else [])]
    return None if found == wanted else f"the CRL has the extensions {[kind for kind, _ in found]}"


def distribution_point_is_as_decided(examined: ExaminedCrl) -> str | None:
    """5.2.5: the names that certificates of the partition have in their cRLDistributionPoints, and no other limit."""
    extension = examined.view.extension(oids.ISSUING_DISTRIBUTION_POINT)
    found = () if extension is None else read_issuing_distribution_point(extension.value)
    return None if found == examined.template.points else "the issuingDistributionPoint is not the one decided"


def authority_key_id_is_the_key_id_of_the_ca(examined: ExaminedCrl) -> str | None:
    """5.2.1: the key identifier alone."""
    extension = examined.view.extension(oids.AUTHORITY_KEY_ID)
    if extension is None:
        return "there is no authorityKeyIdentifier"
    same = read_authority_key_id(extension.value) == examined.issuer.key_id
    return None if same else "the authorityKeyIdentifier is not the CA's subjectKeyIdentifier"


def number_is_as_decided(examined: ExaminedCrl) -> str | None:
    """5.2.3: positive, at most 20 octets."""
    extension = examined.view.extension(oids.CRL_NUMBER)
    if extension is None:
        return "there is no cRLNumber"
    element = der.read(extension.value)
    number = der.read_integer(element)
    if number < 1 or len(element.content) > _MAXIMUM_NUMBER_OCTETS:
        return "the cRLNumber is not positive, or has more than 20 octets"
    return None if number == examined.template.number else "the cRLNumber is not the one decided"


def number_and_time_move_forward(examined: ExaminedCrl) -> str | None:
    """5.2.3: the number strictly increases; the time never goes back. An older CRL must not take a newer one's place."""
    template = examined.template
    if template.follows is None:
        return None
    number, this_update = template.follows
    forward = template.number > number and template.this_update >= this_update
    return None if forward else "the CRL does not come after the one it replaces"


def times_have_the_form_of_their_year(examined: ExaminedCrl) -> str | None:
    """5.1.2.4 and 5.1.2.5: UTCTime through 2049, GeneralizedTime after."""
    if all(map(has_form_of_its_year, (examined.view.this_update, examined.view.next_update))):
        return None
    return "a time is in the form of another half-century"


def times_are_as_decided(examined: ExaminedCrl) -> str | None:
    """The dates that were decided, to the second."""
    view, template = examined.view, examined.template
    found = (der.read_time(view.this_update), der.read_time(view.next_update))
    return None if found == (template.this_update, template.next_update) else "the times are not the ones decided"


def next_update_is_within_the_policy(examined: ExaminedCrl) -> str | None:
    """Policy: after thisUpdate, and no longer after it than the policy says."""
    span = der.read_time(examined.view.next_update) - der.read_time(examined.view.this_update)
    fits = span.total_seconds() > 0 and span <= examined.policy.crl.next_update
    return None if fits else f"nextUpdate is {span} after thisUpdate"


def empty_list_is_left_out(examined: ExaminedCrl) -> str | None:
    """5.1.2.6: a CRL without entries has no list of them."""
    return "an empty list of entries is written out" if examined.view.entries == b"" else None


def entries_ascend_and_none_comes_twice(examined: ExaminedCrl) -> str | None:
    """In the order of their serial numbers, so that the same facts are the same bytes."""
    serials = [entry.serial for entry in examined.entries]
    if not examined.template.entries.ascending or any(one >= other for one, other in pairwise(serials)):
        return "a serial number comes twice or out of order"
    return "a serial number is not positive" if serials and serials[0] < 1 else None


def entries_lie_in_the_past(examined: ExaminedCrl) -> str | None:
    """A revocation that has not happened at thisUpdate cannot be listed."""
    newest = examined.template.entries.newest
    this_update = der.read_time(examined.view.this_update)
    late = bool(newest) and der.read_time(der.read(newest)) > this_update
    return "an entry is dated after thisUpdate" if late else None


def entries_are_as_decided(examined: ExaminedCrl) -> str | None:
    """What the CRL lists equals what is kept as revoked, byte for byte: no more, no less, each with its time and reason.

    So what is known of the kept entries, their order and their newest time, holds for the list.
    """
    wanted = examined.template.entries
    same = sha256(examined.view.entries or b"").hexdigest() == wanted.sha256 and examined.count == wanted.count
    return None if same else "the entries are not the ones decided"


RULES: tuple[CrlRule, ...] = (
    version_is_2,
    signature_algorithms_agree,
    signature_algorithm_is_the_issuers,
    issuer_is_the_subject_of_the_ca,
    extensions_are_those_of_its_kind,
    distribution_point_is_as_decided,
    authority_key_id_is_the_key_id_of_the_ca,
    number_is_as_decided,
    number_and_time_move_forward,
    times_have_the_form_of_their_year,
    times_are_as_decided,
    next_update_is_within_the_policy,
    empty_list_is_left_out,
    entries_ascend_and_none_comes_twice,
    entries_lie_in_the_past,
    entries_are_as_decided,
)
