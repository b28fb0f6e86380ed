import java.io.FileInputStream;
import java.io.InputStream;
import java.security.cert.CRL;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXCertPathValidatorResult;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * Java's own path validation (RFC 5280 6) with revocation by CRL and an explicit certificate policy, as the Direct
 * reference agent uses it.
 *
 * <p>Arguments: root, issuing CA, root's CRL, issuing CA's CRL, the policy that must survive, then any number of end
 * entity certificates, all files. One line for each of them: its file, then VALID and the key usage that Java reads, or
 * INVALID and the reason.
 */
public class Validate {
    public static void main(String[] args) throws Exception {
        X509Certificate root = certificate(args[0]);
        X509Certificate issuing = certificate(args[1]);
        Collection<X509CRL> lists = List.of(crl(args[2]), crl(args[3]));
        for (String file : Arrays.copyOfRange(args, 5, args.length)) {
            System.out.println(file + " " + verdict(root, issuing, lists, args[4], certificate(file)));
        }
    }

    static String verdict(
            X509Certificate root, X509Certificate issuing, Collection<X509CRL> lists, String policy, X509Certificate leaf)
            throws Exception {
        PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
        parameters.setRevocationEnabled(true);
        parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(lists)));
        parameters.setExplicitPolicyRequired(true);
        parameters.setInitialPolicies(Set.of(policy));
        parameters.setPolicyQualifiersRejected(false);
        CertPath path = CertificateFactory.getInstance("X.509").generateCertPath(List.of(leaf, issuing));
        try {
            PKIXCertPathValidatorResult result =
                    (PKIXCertPathValidatorResult) CertPathValidator.getInstance("PKIX").validate(path, parameters);
            return result.getTrustAnchor().getTrustedCert().equals(root) ? "VALID " + usages(leaf) : "INVALID anchor";
        } catch (CertPathValidatorException refused) {
            return "INVALID " + refused.getReason() + " " + refused.getMessage();
        }
    }

    static String usages(X509Certificate leaf) throws Exception {
        String[] names = {"digitalSignature", "nonRepudiation", "keyEncipherment"};
        List<String> found = new ArrayList<>();
        for (int bit = 0; bit < names.length; bit++) {
            if (leaf.getKeyUsage()[bit]) {
                found.add(names[bit]);
            }
        }
        return String.join(",", found) + " " + String.join(",", leaf.getExtendedKeyUsage());
    }

    static X509Certificate certificate(String file) throws Exception {
        try (InputStream in = new FileInputStream(file)) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }

    static X509CRL crl(String file) throws Exception {
        try (InputStream in = new FileInputStream(file)) {
            CRL read = CertificateFactory.getInstance("X.509").generateCRL(in);
            return (X509CRL) read;
        }
    }
}
