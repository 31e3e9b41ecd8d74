package shareledger.client;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.gm.GMObjectIdentifiers;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.EncryptedPrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.EncryptionScheme;
import org.bouncycastle.asn1.pkcs.PBES2Parameters;
import org.bouncycastle.asn1.pkcs.PBKDF2Params;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.sec.ECPrivateKey;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.crypto.BlockCipher;
import org.bouncycastle.crypto.Digest;
import org.bouncycastle.crypto.InvalidCipherTextException;
import org.bouncycastle.crypto.digests.SHA1Digest;
import org.bouncycastle.crypto.digests.SHA256Digest;
import org.bouncycastle.crypto.digests.SHA512Digest;
import org.bouncycastle.crypto.digests.SM3Digest;
import org.bouncycastle.crypto.engines.AESEngine;
import org.bouncycastle.crypto.engines.SM4Engine;
import org.bouncycastle.crypto.generators.PKCS5S2ParametersGenerator;
import org.bouncycastle.crypto.modes.CBCBlockCipher;
import org.bouncycastle.crypto.paddings.PaddedBufferedBlockCipher;
import org.bouncycastle.crypto.params.ECPrivateKeyParameters;
import org.bouncycastle.crypto.params.ParametersWithIV;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemReader;

/**
 * One of an application's two private keys, from its file as the product writes it: a line
 * {@code Purpose: sm2-signing} or {@code sm2-encryption}, then PEM of encrypted PKCS#8 (PBES2 with
 * PBKDF2; AES or SM4 in CBC). Files that OpenSSL, GmSSL or BouncyCastle write in this form, without
 * the line, are read too.
 *
 * <p>It stays in this process. Nothing outside the package signs with it: a signer must refuse any
 * text but those of docs/protocol.md 0.1.
 */
public final class PrivateKey {
    private static final int LARGEST_FILE = 16_384;
    /** What a file's maker may cost us; the product writes 600,000 or fewer. */
    private static final int MOST_ITERATIONS = 10_000_000;
    private static final String MALFORMED = "malformed-key";

    private final ECPrivateKeyParameters key;
    private final byte[] raw;

    private PrivateKey(ECPrivateKeyParameters key) {
        this.key = key;
        this.raw = Sm2.publicOf(key);
    }

    /** The key that signs calls. */
    public static PrivateKey loadSigning(Path file, byte[] password) {
        return load(file, password, "sm2-signing");
    }

    /** The key that answers are sealed to. */
    public static PrivateKey loadEncryption(Path file, byte[] password) {
        return load(file, password, "sm2-encryption");
    }

    /** The first line of a password file, without its line end. */
    public static byte[] readPassword(Path file) {
        byte[] content = read(file);
        int end = 0;
        while (end < content.length && content[end] != '\n' && content[end] != '\r') {
            end++;
        }
        LedgerException.require(end > 0, MALFORMED, "口令为空 / no password in " + file);
        return Arrays.copyOf(content, end);
    }

    /** A key given as its number, as standards' vectors have it. */
    static PrivateKey of(byte[] scalar) {
        java.math.BigInteger d = new java.math.BigInteger(1, scalar);
        boolean inRange = d.signum() > 0
                && d.compareTo(Sm2.CURVE.getN().subtract(java.math.BigInteger.ONE)) < 0;
        LedgerException.require(inRange, MALFORMED, "not the number of a private key");
        return new PrivateKey(new ECPrivateKeyParameters(d, Sm2.CURVE));
    }

    /** 64 bytes x‖y. */
    public byte[] publicKey() {
        return raw.clone();
    }

    /** keccak(x ‖ y), 64 hex digits (docs/protocol.md section 1). */
    public String keyId() {
        return Bytes.hex(Bytes.keccak(raw));
    }

    byte[] sign(byte[] text) {
        return Sm2.sign(key, text);
    }

    byte[] unwrap(byte[] der) {
        return Sm2.unwrap(key, der);
    }

    @Override
    public String toString() {
        return "PrivateKey " + keyId();
    }

    private static byte[] read(Path file) {
        try (InputStream stream = Files.newInputStream(file)) {
            byte[] content = new byte[LARGEST_FILE + 1];
            int size = 0;
            for (int more; size < content.length
                    && (more = stream.read(content, size, content.length - size)) > 0; ) {
                size += more;
            }
            LedgerException.require(size <= LARGEST_FILE, MALFORMED, file + " is too large");
            return Arrays.copyOf(content, size);
        } catch (IOException error) {
            throw new LedgerException(MALFORMED, "读不了文件 / cannot read " + file, error);
        }
    }

    private static PrivateKey load(Path file, byte[] password, String purpose) {
        String text = new String(read(file), StandardCharsets.US_ASCII);
        int begin = text.indexOf("-----BEGIN ");
        String label = begin < 0 ? "" : text.substring(0, begin).trim();
        boolean fits = label.isEmpty() || label.equals("Purpose: " + purpose);
        LedgerException.require(fits, MALFORMED, file + "：不是作此用途的密钥 / is not a key for " + purpose);
        try (PemReader reader = new PemReader(new StringReader(text.substring(Math.max(begin, 0))))) {
            PemObject pem = reader.readPemObject();
            boolean encrypted = pem != null && pem.getType().equals("ENCRYPTED PRIVATE KEY");
            LedgerException.require(encrypted, MALFORMED, file + " holds no encrypted PKCS#8 key");
            return parse(decrypt(EncryptedPrivateKeyInfo.getInstance(pem.getContent()), password));
        } catch (IOException | IllegalArgumentException | IllegalStateException error) {
            throw new LedgerException(MALFORMED, file + " is not a key file", error);
        }
    }

    private static byte[] decrypt(EncryptedPrivateKeyInfo info, byte[] password) {
        ASN1ObjectIdentifier scheme = info.getEncryptionAlgorithm().getAlgorithm();
        expect(PKCSObjectIdentifiers.id_PBES2, scheme);
        PBES2Parameters parameters =
                PBES2Parameters.getInstance(info.getEncryptionAlgorithm().getParameters());
        expect(PKCSObjectIdentifiers.id_PBKDF2, parameters.getKeyDerivationFunc().getAlgorithm());
        PBKDF2Params derivation =
                PBKDF2Params.getInstance(parameters.getKeyDerivationFunc().getParameters());
        java.math.BigInteger iterations = derivation.getIterationCount();
        boolean bounded = iterations.signum() > 0 && iterations.bitLength() < 32
                && iterations.longValue() <= MOST_ITERATIONS;
        LedgerException.require(bounded, MALFORMED, "iterations out of range: " + iterations);
        PKCS5S2ParametersGenerator generator =
                new PKCS5S2ParametersGenerator(hmac(derivation.getPrf().getAlgorithm()));
        generator.init(password, derivation.getSalt(), iterations.intValue());
        EncryptionScheme cipher = parameters.getEncryptionScheme();
        byte[] iv = ASN1OctetString.getInstance(cipher.getParameters()).getOctets();
        BlockCipher block = blockCipher(cipher.getAlgorithm());
        PaddedBufferedBlockCipher cbc =
                new PaddedBufferedBlockCipher(CBCBlockCipher.newInstance(block));
        int bits = cipher.getAlgorithm().equals(NISTObjectIdentifiers.id_aes256_CBC) ? 256 : 128;
        cbc.init(false, new ParametersWithIV(generator.generateDerivedParameters(bits), iv));
        byte[] sealed = info.getEncryptedData();
        byte[] plain = new byte[cbc.getOutputSize(sealed.length)];
        try {
            int size = cbc.processBytes(sealed, 0, sealed.length, plain, 0);
            size += cbc.doFinal(plain, size);
            return Arrays.copyOf(plain, size);
        } catch (InvalidCipherTextException | RuntimeException error) {
            throw new LedgerException(MALFORMED, "口令不对 / wrong password", error);
        }
    }

    private static Digest hmac(ASN1ObjectIdentifier prf) {
        if (prf.equals(PKCSObjectIdentifiers.id_hmacWithSHA256)) {
            return new SHA256Digest();
        }
        if (prf.equals(PKCSObjectIdentifiers.id_hmacWithSHA1)) {
            return new SHA1Digest();
        }
        if (prf.equals(PKCSObjectIdentifiers.id_hmacWithSHA512)) {
            return new SHA512Digest();
        }
        expect(GMObjectIdentifiers.hmac_sm3, prf);
        return new SM3Digest();
    }

    private static BlockCipher blockCipher(ASN1ObjectIdentifier cipher) {
        if (cipher.equals(NISTObjectIdentifiers.id_aes256_CBC)
                || cipher.equals(NISTObjectIdentifiers.id_aes128_CBC)) {
            return AESEngine.newInstance();
        }
        expect(GMObjectIdentifiers.sms4_cbc, cipher);
        return new SM4Engine();
    }

    private static PrivateKey parse(byte[] pkcs8) {
        PrivateKeyInfo info;
        ECPrivateKey inner;
        try {
            info = PrivateKeyInfo.getInstance(pkcs8);
            expect(X9ObjectIdentifiers.id_ecPublicKey, info.getPrivateKeyAlgorithm().getAlgorithm());
            inner = ECPrivateKey.getInstance(info.parsePrivateKey());
        } catch (IOException | IllegalArgumentException | IllegalStateException error) {
            // A wrong password passes the padding once in 256 times, and then ends here.
            throw new LedgerException(MALFORMED, "口令不对 / wrong password", error);
        }
        expect(GMObjectIdentifiers.sm2p256v1, ASN1ObjectIdentifier.getInstance(
                info.getPrivateKeyAlgorithm().getParameters()));
        byte[] scalar = org.bouncycastle.util.BigIntegers.asUnsignedByteArray(inner.getKey());
        PrivateKey key = of(scalar);
        boolean fits = inner.getPublicKey() == null || Bytes.same(
                inner.getPublicKey().getOctets(), Bytes.concat(new byte[] {4}, key.raw));
        LedgerException.require(fits, MALFORMED, "the public half is another key's");
        return key;
    }

    private static void expect(ASN1ObjectIdentifier wanted, ASN1ObjectIdentifier found) {
        LedgerException.require(wanted.equals(found), MALFORMED, "算法 / algorithm " + found.getId());
    }
}
