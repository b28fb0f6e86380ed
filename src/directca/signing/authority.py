"""One CA, able to sign: its certificate, its key behind the port, the policy that its objects are held against."""

from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from directca.pki.lints import authority_certificate
from directca.pki.lints.certificate import stop_on
from directca.pki.profiles import Policy
from directca.pki.templates import Issuer
from directca.signing.errors import FaultySignature, KeyUnusable, NotRehearsedError, SigningStopped
from directca.signing.port import SigningKey
from directca.signing.rehearsal import Rehearsed

Guard = Callable[[], None]
"""The kill switch: raises SigningStopped, or anything at all, to keep a signature from being made."""


class Authority:
    """A CA whose key signs what was rehearsed for it, and nothing else. Safe for threads.

    Loading it raises KeyUnusable when the key is not its own, and LintFailed or BadPolicy when its certificate is not what
    the policy's profiles describe.
    """

    def __init__(self, issuer: Issuer, key: SigningKey, policy: Policy, guard: Guard) -> None:
        if issuer.certificate_der is not None:
            stop_on(authority_certificate.examine(issuer.certificate_der, policy))
        if key.spki_der != issuer.spki_der:
            raise KeyUnusable("The key file does not hold the key of this CA's certificate. Restore the right file.")
        public_key = load_der_public_key(issuer.spki_der)
        if not isinstance(public_key, rsa.RSAPublicKey):
            raise KeyUnusable("The CA's key is not an RSA key. Make the CA again with one.")
        self.issuer = issuer
        self.policy = policy
        self._key = key
        self._public_key = public_key
        self._guard = guard

    def __repr__(self) -> str:
        return f"Authority({self.issuer.id})"

    @property
    def has_key(self) -> bool:
        """Whether its key is here. Without it, its objects are signed on another machine and brought."""
        return self._key.is_here

    def sign(self, rehearsed: Rehearsed) -> bytes:
        """The signature over rehearsed bytes, verified before it is given away. Promises and errors are those of `sign_all`."""
        return self.sign_all((rehearsed,))[0]

    def sign_all(self, rehearsed: Sequence[Rehearsed]) -> tuple[bytes, ...]:
        """The signatures over what belongs together, such as a pair: the guard is asked once, a moment before the first.

        A token is spent even if signing fails. Raises SigningStopped, KeyUnusable, FaultySignature; NotRehearsedError for a
        token that was used before or made for another issuer or under another policy.
        """
        for one in rehearsed:
            self._check(one)
        self._ask_guard()
        return tuple(self._sign(one.spend()) for one in rehearsed)

    def check_signature(self, signature: bytes, message: bytes) -> None:
        """Raise FaultySignature unless the signature over the message is of this CA's key."""
        try:
            self._public_key.verify(signature, message, padding.PKCS1v15(), self.issuer.algorithm.hash)
        except InvalidSignature as error:
            raise FaultySignature(
                "The CA's key made a signature that does not verify; it was thrown away. Take this machine out of service."
            ) from error

    def _check(self, rehearsed: Rehearsed) -> None:
        if type(rehearsed) is not Rehearsed or rehearsed.issuer_id != self.issuer.id:
            raise NotRehearsedError("these bytes were rehearsed for another issuer")
        if rehearsed.policy_sha256 != self.policy.sha256:
            raise NotRehearsedError("these bytes were rehearsed under another policy")

    def _sign(self, to_be_signed: bytes) -> bytes:
        signature = self._key.sign(to_be_signed, self.issuer.algorithm)
        self.check_signature(signature, to_be_signed)
        return signature

    def _ask_guard(self) -> None:
        try:
            self._guard()
        except SigningStopped:
            raise
        except Exception as error:
            # A switch that cannot be read counts as pulled.
            raise SigningStopped("Whether signing is stopped cannot be found out, so nothing is signed.") from error
