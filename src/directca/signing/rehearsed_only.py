"""A key that signs what was rehearsed for it, and nothing else: what a CA and its OCSP responder have in common."""

from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from directca.pki.ocsp import Responder
from directca.pki.profiles import Policy
from directca.pki.templates import Issuer
from directca.signing.errors import FaultySignature, KeyUnusable, NotRehearsedError, SigningStopped
from directca.signing.port import SigningKey
from directca.signing.rehearsal import Rehearsed
from directca.watch import Timed

Guard = Callable[[], None]
"""The kill switch: raises SigningStopped, or anything at all, to keep a signature from being made."""


class RehearsedOnly:
    """The key of a CA or responder, behind the token and the kill switch. Safe for threads.

    Making it raises KeyUnusable when the key is not that of the certificate.
    """

    def __init__(self, signer: Issuer | Responder, key: SigningKey, policy: Policy, guard: Guard) -> None:
        if key.spki_der != signer.spki_der:
            raise KeyUnusable("The key file does not hold the key of this certificate. Restore the right file.")
        public_key = load_der_public_key(signer.spki_der)
        if not isinstance(public_key, rsa.RSAPublicKey):
            raise KeyUnusable("The key is not an RSA key. Make the CA or the responder again with one.")
        self._signer_id = signer.id
        self._kind = "responder" if isinstance(signer, Responder) else "authority"
        self._algorithm = signer.algorithm
        self._policy_sha256 = policy.sha256
        self._key = key
        self._public_key = public_key
        self._guard = guard

    @property
    def has_key(self) -> bool:
        """Whether the key can be reached now."""
        return self._key.is_here

    def sign_all(self, rehearsed: Sequence[Rehearsed]) -> tuple[bytes, ...]:
        """The signatures over what belongs together: the guard is asked once, a moment before the first.

        A token is spent even if signing fails. Raises SigningStopped, KeyUnusable, FaultySignature; NotRehearsedError for a
        token that was used before or made for another signer or under another policy.
        """
        for one in rehearsed:
            self._check(one)
        self._ask_guard()
        return tuple(self._sign(one.spend()) for one in rehearsed)

    def _check(self, rehearsed: Rehearsed) -> None:
        if type(rehearsed) is not Rehearsed or rehearsed.signer_id != self._signer_id:
            raise NotRehearsedError("these bytes were rehearsed for another signer")
        if rehearsed.policy_sha256 != self._policy_sha256:
            raise NotRehearsedError("these bytes were rehearsed under another policy")

    def _sign(self, to_be_signed: bytes) -> bytes:
        with Timed("signature", self._kind):
            signature = self._key.sign(to_be_signed, self._algorithm)
            self._verify(signature, to_be_signed)
        return signature

    def _verify(self, signature: bytes, message: bytes) -> None:
        try:
            self._public_key.verify(signature, message, padding.PKCS1v15(), self._algorithm.hash)
        except InvalidSignature as error:
            raise FaultySignature(
                "The key made a signature that does not verify; it was thrown away. Take this machine out of service."
            ) from error

    def _ask_guard(self) -> None:
        try:
            self._guard()
        except SigningStopped:
            raise
        except Exception as error:
            # A switch that cannot be read counts as pulled.
            raise SigningStopped("Whether signing is stopped cannot be found out, so nothing is signed.") from error
