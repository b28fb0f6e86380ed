"""Passkeys: what a browser is asked, and whether its answer is right (WebAuthn Level 3, 7.1 and 7.2).

The site that passkeys belong to is the host of the authority's public address, and an answer that was made for another origin is
refused: so nobody who copies the sign-in page gets anything. User verification is required: the device has asked for a finger, a
face or a PIN.
"""

import ipaddress
import json
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import options_to_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from directca.accounts.factor import Passkey
from directca.accounts.factor_errors import FactorNotAdded, WrongSecondFactor
from directca.accounts.person import Person

WRONG = "The code or the passkey is not right, or was used before. Wait for the next code, or use another factor."
"""The one answer to whatever is wrong with a second factor."""

_NOT_ADDED = "The device's answer does not fit. Load the page again and try once more."
_LONGEST_ANSWER = 32 * 1024
_BROKEN = (WebAuthnException, ValueError, KeyError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Site:
    """The authority as passkeys know it: `id` is the host, `origin` the scheme, host and port."""

    id: str
    origin: str

    @property
    def has_passkeys(self) -> bool:
        """Whether there can be any: they belong to a host's name, and an IP address is none (WebAuthn 5.1.3)."""
        try:
            ipaddress.ip_address(self.id)
        except ValueError:
            return True
        return False


def site_of(public_url: str) -> Site:
    """The site of a public address."""
    parts = urlsplit(public_url)
    return Site(parts.hostname or "", f"{parts.scheme}://{parts.netloc}")


def to_register(site: Site, person: Person, challenge: bytes, known: Iterable[Passkey]) -> str:
    """What `navigator.credentials.create` is asked, as JSON. A device that has one of the known passkeys makes no second."""
    options = webauthn.generate_registration_options(
        rp_id=site.id,
        rp_name="directca",
        user_id=person.id.encode(),
        user_name=person.username,
        user_display_name=person.display_name,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=_described(known),
    )
    return options_to_json(options)


def to_show(site: Site, challenge: bytes, known: Iterable[Passkey]) -> str:
    """What `navigator.credentials.get` is asked, as JSON."""
    options = webauthn.generate_authentication_options(
        rp_id=site.id,
        challenge=challenge,
        allow_credentials=_described(known),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


def registered(site: Site, person: Person, challenge: bytes, answer: str, name: str) -> Passkey:
    """The passkey that a device has made. Raises `FactorNotAdded`."""
    if len(answer) > _LONGEST_ANSWER:
        raise FactorNotAdded(_NOT_ADDED)
    try:
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.id,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except _BROKEN as error:
        raise FactorNotAdded(_NOT_ADDED) from error
    return Passkey(
        id=sha256(made.credential_id).hexdigest(),
        person_id=person.id,
        name=name,
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
    )


def shown(site: Site, challenge: bytes, answer: str, known: Iterable[Passkey]) -> tuple[Passkey, int]:
    """Which of a person's passkeys answered, and how often it says that it has signed. Raises `WrongSecondFactor`."""
    if len(answer) > _LONGEST_ANSWER:
        raise WrongSecondFactor(WRONG)
    try:
        by_id = {webauthn.base64url_to_bytes(json.loads(answer)["id"]): answer}
        (used,) = (one for one in known if one.credential_id in by_id)
        verified = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.id,
            expected_origin=site.origin,
            credential_public_key=used.public_key,
            credential_current_sign_count=used.sign_count,
            require_user_verification=True,
        )
    except _BROKEN as error:
        raise WrongSecondFactor(WRONG) from error
    return used, verified.new_sign_count


def _described(known: Iterable[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=one.credential_id) for one in known]
