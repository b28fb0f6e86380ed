// Of PKI.js and ASN1.js, what certification requests and PKCS #12 files take.
export { fromBER, BmpString, OctetString, Utf8String } from "asn1js";
export {
  Attribute, AttributeTypeAndValue, AuthenticatedSafe, CertBag, Certificate, CertificationRequest, PFX, PKCS8ShroudedKeyBag,
  PrivateKeyInfo, SafeBag, SafeContents,
} from "pkijs";
