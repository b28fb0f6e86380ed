import java.io.FileInputStream;
import java.io.InputStream;
import java.net.URI;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.PKIXRevocationChecker.Option;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Java's own path validation with revocation checked over the network, at the addresses that the certificates name; what
 * cannot be determined is a failure.
 *
 * <p>Arguments: how to ask, root, issuing CA, then any number of certificates, all files. How to ask is one of
 * "default" (the whole path: OCSP, and lists where a certificate names no responder), "ocsp" (the end entity, nothing but
 * OCSP), "crl" (the whole path, nothing but lists), "elsewhere" (OCSP from a port where nobody listens). One line for each
 * certificate: its file, then VALID, or INVALID and the reason.
 */
public class Status {
    static final Map<String, Set<Option>> WAYS =
            Map.of(
                    "default", EnumSet.noneOf(Option.class),
                    "ocsp", EnumSet.of(Option.ONLY_END_ENTITY, Option.NO_FALLBACK),
                    "crl", EnumSet.of(Option.PREFER_CRLS, Option.NO_FALLBACK),
                    "elsewhere", EnumSet.of(Option.ONLY_END_ENTITY, Option.NO_FALLBACK));

    public static void main(String[] args) throws Exception {
        System.setProperty("com.sun.security.enableCRLDP", "true");
        X509Certificate root = certificate(args[1]);
        X509Certificate issuing = certificate(args[2]);
        for (String file : Arrays.copyOfRange(args, 3, args.length)) {
            System.out.println(file + " " + verdict(args[0], root, issuing, certificate(file)));
        }
    }

    static String verdict(String way, X509Certificate root, X509Certificate issuing, X509Certificate leaf)
            throws Exception {
        CertPathValidator validator = CertPathValidator.getInstance("PKIX");
        PKIXRevocationChecker checker = (PKIXRevocationChecker) validator.getRevocationChecker();
        checker.setOptions(WAYS.get(way));
        if (way.equals("elsewhere")) {
            checker.setOcspResponder(new URI("http://127.0.0.1:1/ocsp"));
        }
        PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
        parameters.setPolicyQualifiersRejected(false);
        parameters.addCertPathChecker(checker);
        CertPath path = CertificateFactory.getInstance("X.509").generateCertPath(List.of(leaf, issuing));
        try {
            validator.validate(path, parameters);
            return "VALID";
        } catch (CertPathValidatorException refused) {
            return "INVALID " + refused.getReason() + " " + refused.getMessage();
        }
    }

    static X509Certificate certificate(String file) throws Exception {
        try (InputStream in = new FileInputStream(file)) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }
}
