import java.io.FileInputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Java's own path validation with revocation by OCSP responses that are already at hand: nothing is fetched.
 *
 * <p>Arguments: root, issuing CA, then any number of certificates, each with its response, all files. One line for each: its
 * file, then VALID, or INVALID and the reason.
 */
public class Stapled {
    public static void main(String[] args) throws Exception {
        X509Certificate root = certificate(args[0]);
        X509Certificate issuing = certificate(args[1]);
        for (int at = 2; at < args.length; at += 2) {
            byte[] response = Files.readAllBytes(Path.of(args[at + 1]));
            System.out.println(args[at + 1] + " " + verdict(root, issuing, certificate(args[at]), response));
        }
    }

    static String verdict(X509Certificate root, X509Certificate issuing, X509Certificate leaf, byte[] response)
            throws Exception {
        CertPathValidator validator = CertPathValidator.getInstance("PKIX");
        PKIXRevocationChecker checker = (PKIXRevocationChecker) validator.getRevocationChecker();
        checker.setOcspResponses(Map.of(leaf, response));
        checker.setOptions(
                Set.of(PKIXRevocationChecker.Option.ONLY_END_ENTITY, PKIXRevocationChecker.Option.NO_FALLBACK));
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
