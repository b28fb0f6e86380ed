import java.io.FileInputStream;
import java.net.URI;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Set;

/** Asks an OCSP responder as Java's path validation does. Arguments: CA, certificate, the responder's address. */
public class Ask {
    public static void main(String[] args) throws Exception {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        X509Certificate authority = (X509Certificate) factory.generateCertificate(new FileInputStream(args[0]));
        X509Certificate asked = (X509Certificate) factory.generateCertificate(new FileInputStream(args[1]));
        CertPathValidator validator = CertPathValidator.getInstance("PKIX");
        PKIXRevocationChecker checker = (PKIXRevocationChecker) validator.getRevocationChecker();
        checker.setOcspResponder(new URI(args[2]));
        checker.setOptions(Set.of(PKIXRevocationChecker.Option.NO_FALLBACK));
        PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(authority, null)));
        parameters.addCertPathChecker(checker);
        validator.validate(factory.generateCertPath(List.of(asked)), parameters);
    }
}
