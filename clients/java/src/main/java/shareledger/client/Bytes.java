package shareledger.client;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import org.bouncycastle.crypto.Digest;
import org.bouncycastle.crypto.digests.KeccakDigest;
import org.bouncycastle.crypto.digests.SHA256Digest;
import org.bouncycastle.crypto.digests.SM3Digest;
import org.bouncycastle.util.encoders.Hex;

/** Bytes, their one spelling each, and the hash functions (docs/protocol.md section 0). */
final class Bytes {
    static final SecureRandom RANDOM = new SecureRandom();

    private Bytes() {}

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static byte[] concat(byte[]... parts) {
        int size = 0;
        for (byte[] part : parts) {
            size += part.length;
        }
        byte[] whole = new byte[size];
        int at = 0;
        for (byte[] part : parts) {
            System.arraycopy(part, 0, whole, at, part.length);
            at += part.length;
        }
        return whole;
    }

    static byte[] random(int size) {
        byte[] bytes = new byte[size];
        RANDOM.nextBytes(bytes);
        return bytes;
    }

    /** The eight bytes of a number, big-endian. */
    static byte[] word(long value) {
        byte[] bytes = new byte[8];
        for (int at = 7; at >= 0; at--) {
            bytes[at] = (byte) value;
            value >>>= 8;
        }
        return bytes;
    }

    static byte[] sm3(byte[]... parts) {
        return digest(new SM3Digest(), parts);
    }

    static byte[] sha256(byte[]... parts) {
        return digest(new SHA256Digest(), parts);
    }

    static byte[] keccak(byte[]... parts) {
        return digest(new KeccakDigest(256), parts);
    }

    private static byte[] digest(Digest digest, byte[]... parts) {
        for (byte[] part : parts) {
            digest.update(part, 0, part.length);
        }
        byte[] result = new byte[digest.getDigestSize()];
        digest.doFinal(result, 0);
        return result;
    }

    static String hex(byte[] bytes) {
        return Hex.toHexString(bytes);
    }

    /** Read {@code size} bytes of lower-case hex; anything else is refused with {@code code}. */
    static byte[] unhex(Object text, int size, String code) {
        boolean fits = text instanceof String && ((String) text).length() == 2 * size;
        for (int at = 0; fits && at < 2 * size; at++) {
            char digit = ((String) text).charAt(at);
            fits = digit >= '0' && digit <= '9' || digit >= 'a' && digit <= 'f';
        }
        LedgerException.require(fits, code, "not " + size + " bytes of lower-case hex");
        return Hex.decode((String) text);
    }

    static String b64u(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    /** Read base64url in its one spelling: no padding, unused bits zero. */
    static byte[] unb64u(Object text, String code) {
        return decode(Base64.getUrlDecoder(), text, true, code);
    }

    /** Read base64 in its one spelling, with padding. */
    static byte[] unbase64(Object text, String code) {
        return decode(Base64.getDecoder(), text, false, code);
    }

    private static byte[] decode(Base64.Decoder decoder, Object text, boolean url, String code) {
        byte[] bytes = null;
        if (text instanceof String) {
            try {
                bytes = decoder.decode((String) text);
            } catch (IllegalArgumentException error) {
                throw new LedgerException(code, "not base64", error);
            }
        }
        // The JDK reads several spellings of one byte string; only what we would write counts.
        boolean one = bytes != null && (url ? b64u(bytes) : base64(bytes)).equals(text);
        LedgerException.require(one, code, "not the one base64 spelling of its bytes");
        return bytes;
    }

    static boolean same(byte[] one, byte[] other) {
        return Arrays.equals(one, other);
    }
}
