package shareledger.client;

import java.io.IOException;
import java.math.BigInteger;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.gm.GMObjectIdentifiers;
import org.bouncycastle.crypto.InvalidCipherTextException;
import org.bouncycastle.crypto.digests.SM3Digest;
import org.bouncycastle.crypto.ec.CustomNamedCurves;
import org.bouncycastle.crypto.engines.SM2Engine;
import org.bouncycastle.crypto.engines.SM4Engine;
import org.bouncycastle.crypto.modes.GCMBlockCipher;
import org.bouncycastle.crypto.modes.GCMModeCipher;
import org.bouncycastle.crypto.params.AEADParameters;
import org.bouncycastle.crypto.params.ECDomainParameters;
import org.bouncycastle.crypto.params.ECNamedDomainParameters;
import org.bouncycastle.crypto.params.ECPrivateKeyParameters;
import org.bouncycastle.crypto.params.ECPublicKeyParameters;
import org.bouncycastle.crypto.params.KeyParameter;
import org.bouncycastle.crypto.params.ParametersWithID;
import org.bouncycastle.crypto.signers.PlainDSAEncoding;
import org.bouncycastle.crypto.signers.SM2Signer;
import org.bouncycastle.math.ec.ECPoint;
import org.bouncycastle.util.BigIntegers;

/** SM2 and SM4-GCM as the protocol uses them (docs/protocol.md 0.1 and 5), by BouncyCastle. */
final class Sm2 {
    /** GM/T 0009 section 10. */
    private static final byte[] USER = Bytes.ascii("1234567812345678");

    /** With arithmetic made for this prime: several times as fast as that for any curve. */
    static final ECDomainParameters CURVE = new ECNamedDomainParameters(
            GMObjectIdentifiers.sm2p256v1, CustomNamedCurves.getByName("sm2p256v1"));
    private static final int DATA_KEY_SIZE = 16;
    private static final int TAG_BITS = 128;

    private Sm2() {}

    /** The public key of 64 bytes x‖y; what is no point of the curve is refused. */
    static ECPublicKeyParameters publicKey(byte[] raw, String code) {
        LedgerException.require(raw.length == 64, code, "a public key has 64 bytes");
        try {
            byte[] encoded = Bytes.concat(new byte[] {4}, raw);
            return new ECPublicKeyParameters(CURVE.getCurve().decodePoint(encoded), CURVE);
        } catch (IllegalArgumentException error) {
            throw new LedgerException(code, "not a point of the SM2 curve", error);
        }
    }

    static byte[] raw(ECPoint point) {
        byte[] encoded = point.getEncoded(false);
        return java.util.Arrays.copyOfRange(encoded, 1, encoded.length);
    }

    static byte[] publicOf(ECPrivateKeyParameters key) {
        return raw(CURVE.getG().multiply(key.getD()).normalize());
    }

    /** 64 bytes r‖s over {@code message}. */
    static byte[] sign(ECPrivateKeyParameters key, byte[] message) {
        SM2Signer signer = new SM2Signer(PlainDSAEncoding.INSTANCE, new SM3Digest());
        signer.init(true, new ParametersWithID(
                new org.bouncycastle.crypto.params.ParametersWithRandom(key, Bytes.RANDOM), USER));
        signer.update(message, 0, message.length);
        try {
            return signer.generateSignature();
        } catch (org.bouncycastle.crypto.CryptoException error) {
            throw new LedgerException("malformed-key", "the key does not sign", error);
        }
    }

    /** Tell whether {@code signature}, r‖s, is the key's over {@code message}. */
    static boolean verify(byte[] raw, byte[] message, byte[] signature) {
        if (signature.length != 64) {
            return false;
        }
        SM2Signer signer = new SM2Signer(PlainDSAEncoding.INSTANCE, new SM3Digest());
        signer.init(false, new ParametersWithID(publicKey(raw, "malformed-key"), USER));
        signer.update(message, 0, message.length);
        return signer.verifySignature(signature);
    }

    /** Open a data key wrapped in the DER of GM/T 0009: SEQUENCE {x1, y1, C3, C2}. */
    static byte[] unwrap(ECPrivateKeyParameters key, byte[] der) {
        String code = "malformed-envelope";
        try {
            ASN1Primitive parsed = ASN1Primitive.fromByteArray(der);
            // BouncyCastle reads BER; the one DER form is what it would write itself.
            boolean strict = parsed instanceof ASN1Sequence
                    && Bytes.same(parsed.getEncoded(ASN1Encoding.DER), der);
            LedgerException.require(strict, code, "the wrapped key is not DER");
            ASN1Sequence sequence = (ASN1Sequence) parsed;
            LedgerException.require(sequence.size() == 4, code, "the wrapped key has other parts");
            BigInteger x = ASN1Integer.getInstance(sequence.getObjectAt(0)).getValue();
            BigInteger y = ASN1Integer.getInstance(sequence.getObjectAt(1)).getValue();
            byte[] c3 = ASN1OctetString.getInstance(sequence.getObjectAt(2)).getOctets();
            byte[] c2 = ASN1OctetString.getInstance(sequence.getObjectAt(3)).getOctets();
            boolean sizes = x.signum() >= 0 && y.signum() >= 0 && x.bitLength() <= 256
                    && y.bitLength() <= 256 && c3.length == 32 && c2.length == DATA_KEY_SIZE;
            LedgerException.require(sizes, code, "the wrapped key has parts of other sizes");
            byte[] c1 = Bytes.concat(
                    BigIntegers.asUnsignedByteArray(32, x), BigIntegers.asUnsignedByteArray(32, y));
            publicKey(c1, code);
            SM2Engine engine = new SM2Engine(new SM3Digest(), SM2Engine.Mode.C1C3C2);
            engine.init(false, key);
            byte[] whole = Bytes.concat(new byte[] {4}, c1, c3, c2);
            return engine.processBlock(whole, 0, whole.length);
        } catch (IOException | InvalidCipherTextException | IllegalArgumentException error) {
            throw new LedgerException(code, "the wrapped key does not open", error);
        }
    }

    /** Open ciphertext ‖ tag. */
    static byte[] openGcm(byte[] key, byte[] iv, byte[] aad, byte[] sealed) {
        LedgerException.require(iv.length == 12, "malformed-envelope", "an iv has 12 bytes");
        GCMModeCipher cipher = GCMBlockCipher.newInstance(new SM4Engine());
        try {
            cipher.init(false, new AEADParameters(new KeyParameter(key), TAG_BITS, iv, aad));
            byte[] plain = new byte[cipher.getOutputSize(sealed.length)];
            int done = cipher.processBytes(sealed, 0, sealed.length, plain, 0);
            done += cipher.doFinal(plain, done);
            return done == plain.length ? plain : java.util.Arrays.copyOf(plain, done);
        } catch (InvalidCipherTextException | IllegalArgumentException error) {
            throw new LedgerException("malformed-envelope", "the envelope was changed", error);
        }
    }
}
