// Key files as BouncyCastle writes them; run by make.sh with bcprov, bcpkix and bcutil.
import java.io.FileWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Security;
import java.security.spec.ECGenParameterSpec;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PKCS8Generator;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.openssl.jcajce.JceOpenSSLPKCS8EncryptorBuilder;
import org.bouncycastle.openssl.jcajce.JcePEMEncryptorBuilder;

public final class Make {
    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        KeyPairGenerator maker = KeyPairGenerator.getInstance("EC", "BC");
        maker.initialize(new ECGenParameterSpec("sm2p256v1"));
        KeyPair pair = maker.generateKeyPair();
        char[] password = "fixture password".toCharArray();

        // The builder's own defaults; the PRF is left out, which means HMAC-SHA1.
        write("bouncycastle-default.pem", new JcaPKCS8Generator(pair.getPrivate(),
            new JceOpenSSLPKCS8EncryptorBuilder(PKCS8Generator.AES_256_CBC)
                .setProvider("BC").setPassword(password).build()));
        write("bouncycastle-sha256.pem", new JcaPKCS8Generator(pair.getPrivate(),
            new JceOpenSSLPKCS8EncryptorBuilder(PKCS8Generator.AES_256_CBC)
                .setPRF(new AlgorithmIdentifier(PKCSObjectIdentifiers.id_hmacWithSHA256, DERNull.INSTANCE))
                .setIterationCount(10_000)
                .setProvider("BC").setPassword(password).build()));
        write("bouncycastle-3des.pem", new JcaPKCS8Generator(pair.getPrivate(),
            new JceOpenSSLPKCS8EncryptorBuilder(PKCS8Generator.DES3_CBC)
                .setProvider("BC").setPassword(password).build()));
        try (JcaPEMWriter file = new JcaPEMWriter(new FileWriter("bouncycastle-sec1.pem"))) {
            file.writeObject(pair.getPrivate());
        }
        try (JcaPEMWriter file = new JcaPEMWriter(new FileWriter("bouncycastle-dek.pem"))) {
            file.writeObject(pair.getPrivate(),
                new JcePEMEncryptorBuilder("AES-128-CBC").setProvider("BC").build(password));
        }
        Files.write(Path.of("bouncycastle-pkcs8.der"), pair.getPrivate().getEncoded());
        Files.write(Path.of("bouncycastle-public.der"), pair.getPublic().getEncoded());
    }

    private static void write(String name, JcaPKCS8Generator generator) throws Exception {
        try (JcaPEMWriter file = new JcaPEMWriter(new FileWriter(name))) {
            file.writeObject(generator);
        }
    }
}
