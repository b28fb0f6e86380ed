"""The body and the answer of a report that a key is compromised."""

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from directca.api.bodies import BadParameter
from directca.api.certificate_models import Csr, Text
from directca.api.moments import moment
from directca.pki.compromise import COMMON_NAME, LONGEST_MESSAGE
from directca.revocation.compromise_model import Claim, Report, SignedMessage

_SERIAL = re.compile(r"[0-9a-f]{1,40}")


class CompromiseProof(BaseModel):
    """Either a certification request, or a message with its signature and the key or the serial of a certificate with it."""

    model_config = ConfigDict(extra="forbid")

    pkcs10_data: Csr | None = Field(
        alias="pkcs10Data",
        default=None,
        description=f"A certification request signed with the key, whose commonName is “{COMMON_NAME}”.",
    )
    public_key: Text | None = Field(alias="publicKey", default=None, description="SubjectPublicKeyInfo: PEM or base64.")
    serial: Text | None = Field(default=None, description="Of a certificate with the key, hexadecimal; instead of publicKey.")
    message: Text | None = Field(default=None, max_length=LONGEST_MESSAGE, description="Begins with the prescribed sentence.")
    signature: Text | None = Field(default=None, description="Over the message in UTF-8; base64.")
    algorithm: Literal["RSASSA-PKCS1-v1_5", "RSASSA-PSS"] = Field(default="RSASSA-PKCS1-v1_5", description="Over SHA-256.")


class CompromiseReport(BaseModel):
    """Body of the report."""

    model_config = ConfigDict(extra="forbid")

    proof: CompromiseProof
    invalidity_date: Text | None = Field(
        alias="invalidityDate", default=None, description="Since when the key is known or suspected to be compromised."
    )

    def claim(self) -> Claim:
        """The report as the verb takes it. Raises BadParameter."""
        since = moment(self.invalidity_date, field="invalidityDate")
        sent = self.proof
        parts = (sent.public_key, sent.serial, sent.message, sent.signature)
        if sent.pkcs10_data is not None:
            if any(part is not None for part in parts):
                raise BadParameter("Send pkcs10Data alone, or a signed message without it.", field="proof")
            return Claim(sent.pkcs10_data, since)
        if sent.message is None or sent.signature is None or (sent.public_key is None) == (sent.serial is None):
            raise BadParameter(
                "Send pkcs10Data; or message and signature, with either publicKey or serial. See /docs/certificate.",
                field="proof",
            )
        return Claim(SignedMessage(sent.message, sent.signature, sent.algorithm, sent.public_key, _serial(sent.serial)), since)


class CompromiseAnswer(BaseModel):
    """What came of a report that was proven. It says nothing of whose the certificates are."""

    known: bool = Field(description="Whether the key is certified here.")
    revoked: int = Field(description="Pairs that were revoked now, or whose reason was raised to keyCompromise.")
    key_sha256: str = Field(description="SHA-256 of the SubjectPublicKeyInfo.")


def answered(done: Report) -> dict[str, Any]:
    """The answer."""
    return {"known": done.is_certified, "revoked": done.revoked, "key_sha256": done.spki_sha256}


def _serial(text: str | None) -> str | None:
    if text is None:
        return None
    serial = text.strip().lower().replace(":", "").lstrip("0") or "0"
    if not _SERIAL.fullmatch(serial):
        raise BadParameter("serial must be a serial number in hexadecimal.", field="proof.serial")
    return serial
