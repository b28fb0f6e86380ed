"""Forms: the bytes that certificates (and requests) of one kind have in common, and the slots in which they differ.

A form is taken from a certificate that was read in full. Every tag and every length lies outside its slots, so another
certificate that has the same bytes outside them can be read in one way only, and it is enough to take the slots' octets out of
their places. Whoever has held the common bytes against a rule need not do so again; what a slot holds is new in each
certificate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, TypeVar

from directca.pki import der, oids
from directca.pki.der import Element

_LENGTHS_REMEMBERED: Final = 256
_REMEMBERED_OF_A_LENGTH: Final = 8
_SUBJECT_KEY_ID: Final = der.oid(oids.SUBJECT_KEY_ID)
_ALTERNATIVE_NAME: Final = der.oid(oids.SUBJECT_ALT_NAME)
_COMMON_NAME: Final = der.oid(oids.COMMON_NAME)

AnyForm = TypeVar("AnyForm", bound="Common")
Known = TypeVar("Known")


class Slots(NamedTuple):
    """Where the contents are that differ, in the order in which they stand there."""

    serial: slice
    not_before: slice
    not_after: slice
    common_name: slice
    modulus: slice
    subject_key_id: slice
    alternative_name: slice
    signature: slice


class Wholes(NamedTuple):
    """Where the values are that have slots in them and are looked at as a whole; of the extensions, their values."""

    tbs: slice
    subject: slice
    key: slice
    subject_key_id: slice
    alternative_name: slice


class Places(NamedTuple):
    """Which RDN has the commonName, and which extensions have slots in them."""

    common_name: int
    subject_key_id: int
    alternative_name: int


@dataclass(frozen=True, slots=True, eq=False)
class Common:
    """What is common, as pieces of bytes with their places. A form is equal to itself alone."""

    length: int
    pieces: tuple[tuple[slice, bytes], ...]

    def fits(self, encoded: bytes) -> bool:
        """Whether the bytes differ from the form's in slots only."""
        return len(encoded) == self.length and all(encoded[place] == piece for place, piece in self.pieces)


@dataclass(frozen=True, slots=True, eq=False)
class Form(Common):
    """What certificates have in common, and where the rest is."""

    slots: Slots
    wholes: Wholes
    places: Places


class KnownForms(Generic[AnyForm, Known]):
    """Forms that were met, each with what is known of it; some of each length are remembered. Safe for threads.

    Of two threads that add at once one may lose, and what it met is read in full once more.
    """

    def __init__(self) -> None:
        self._of_length: dict[int, tuple[tuple[AnyForm, Known], ...]] = {}

    def find(self, encoded: bytes) -> tuple[AnyForm, Known] | None:
        """The form that fits, with what is known of it."""
        for known in self._of_length.get(len(encoded), ()):
            if known[0].fits(encoded):
                return known
        return None

    def add(self, form: AnyForm, known: Known) -> None:
        """Remember a form, in front of the others of its length."""
        others = self._of_length.get(form.length, ())
        if not others and len(self._of_length) >= _LENGTHS_REMEMBERED:
            self._of_length.clear()
        self._of_length[form.length] = ((form, known), *others)[:_REMEMBERED_OF_A_LENGTH]


def form_of(encoded: bytes) -> Form | None:
    """The form of a certificate that was read in full; None when it has no place for one of the slots, or two."""
    try:
        found = _places(encoded)
    except (der.DerError, ValueError):
        return None
    if found is None:
        return None
    slots, wholes, places = found
    return Form(len(encoded), outside(slots, encoded), slots, wholes, places)


def outside(slots: Sequence[slice], encoded: bytes) -> tuple[tuple[slice, bytes], ...]:
    """The pieces that lie before, between and behind the slots, with their places."""
    ends = (0, *(place.stop for place in slots))
    begins = (*(place.start for place in slots), len(encoded))
    between = [slice(end, begin) for end, begin in zip(ends, begins, strict=True)]
    return tuple((place, encoded[place]) for place in between)


class Placed(NamedTuple):
    """A value, and where its encoding begins."""

    element: Element
    begin: int

    @property
    def whole(self) -> slice:
        """Its tag, length and content."""
        return slice(self.begin, self.begin + len(self.element.encoded))

    @property
    def content(self) -> slice:
        """Its content."""
        end = self.begin + len(self.element.encoded)
        return slice(end - len(self.element.content), end)

    def inside(self) -> list["Placed"]:
        """The values that it is made of."""
        at, found = self.content.start, []
        for child in der.children(self.element):
            found.append(Placed(child, at))
            at += len(child.encoded)
        return found

    def wrapped(self, skipped: int = 0) -> "Placed":
        """The value that an OCTET STRING or, behind its first octet, a BIT STRING holds."""
        return Placed(der.read(self.element.content[skipped:]), self.content.start + skipped)


def _places(encoded: bytes) -> tuple[Slots, Wholes, Places] | None:
    tbs, _, signature = Placed(der.read(encoded), 0).inside()
    _, serial, _, _, validity, subject, key, listed = tbs.inside()
    not_before, not_after = validity.inside()
    modulus, _ = key.inside()[1].wrapped(1).inside()
    rdns = [rdn.inside() for rdn in subject.inside()]
    attributes = [rdn[0].inside() for rdn in rdns if len(rdn) == 1]
    extensions = [extension.inside() for extension in listed.inside()[0].inside()]
    names = _of_kind(_COMMON_NAME, attributes)
    key_ids = _of_kind(_SUBJECT_KEY_ID, extensions)
    alternatives = _of_kind(_ALTERNATIVE_NAME, extensions)
    if len(attributes) != len(rdns) or not len(names) == len(key_ids) == len(alternatives) == 1:
        return None
    places = Places(names[0], key_ids[0], alternatives[0])
    if places.subject_key_id > places.alternative_name:
        return None
    name, key_id = attributes[places.common_name][-1], extensions[places.subject_key_id][-1]
    alternative = extensions[places.alternative_name][-1]
    (alternative_name,) = alternative.wrapped().inside()
    slots = Slots(
        serial.content,
        not_before.content,
        not_after.content,
        name.content,
        modulus.content,
        key_id.wrapped().content,
        alternative_name.content,
        signature.content,
    )
    return slots, Wholes(tbs.whole, subject.whole, key.whole, key_id.content, alternative.content), places


def _of_kind(kind: bytes, found: list[list[Placed]]) -> list[int]:
    """Where the values are that begin with this object identifier."""
    return [place for place, one in enumerate(found) if one[0].element.encoded == kind]
