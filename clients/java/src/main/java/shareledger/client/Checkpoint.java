package shareledger.client;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bouncycastle.crypto.params.Ed25519PublicKeyParameters;
import org.bouncycastle.crypto.signers.Ed25519Signer;

/** A log's signed size and root: C2SP tlog-checkpoint in a signed note (docs/protocol.md 6.3). */
final class Checkpoint {
    private static final int MOST_BYTES = 16_384;
    private static final int MOST_LINES = 64;
    private static final int KEY_HASH_SIZE = 4;
    private static final String MALFORMED = "malformed-checkpoint";
    private static final Pattern TEXT = Pattern.compile(
            "([!-*,-~]{1,255})\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/]{43}=)\n");
    private static final Pattern LINE =
            Pattern.compile("\u2014 ([^\\s+]{1,255}) ([A-Za-z0-9+/]+={0,2})");
    private static final Pattern ORIGIN = Pattern.compile(
            "shareledger:(0|[1-9][0-9]*):([0-9a-f]{40}):([0-9A-Z]{18})(?::([1-9][0-9]{0,8}))?");
    private static final byte[] ED25519_TYPE = {1};
    private static final byte[] SM2_TYPE =
            Bytes.concat(new byte[] {(byte) 0xff}, Bytes.ascii("sm2-sm3\n"));

    /** The whole note as it came. */
    final String note;
    final String origin;
    final long size;
    final byte[] root;
    private final byte[] text;
    private final List<Line> lines;

    private static final class Line {
        final String name;
        final byte[] keyHash;
        final byte[] signature;

        Line(String name, byte[] blob) {
            this.name = name;
            this.keyHash = Arrays.copyOf(blob, KEY_HASH_SIZE);
            this.signature = Arrays.copyOfRange(blob, KEY_HASH_SIZE, blob.length);
        }
    }

    private Checkpoint(String note, Matcher text, List<Line> lines) {
        this.note = note;
        this.text = Bytes.utf8(text.group());
        this.origin = text.group(1);
        this.size = Long.parseLong(text.group(2));
        this.root = Bytes.unbase64(text.group(3), MALFORMED);
        this.lines = lines;
        LedgerException.require(size <= Json.LARGEST, MALFORMED, "a size of 2^53 or more");
    }

    /** Whose log it says it is (unified social credit code). */
    String department() {
        return named().group(3);
    }

    /** Which of that department's logs, from 1. */
    int generation() {
        String written = named().group(4);
        return written == null ? 1 : Integer.parseInt(written);
    }

    private Matcher named() {
        Matcher parts = ORIGIN.matcher(origin);
        boolean fits = parts.matches() && !"1".equals(parts.group(4));
        LedgerException.require(fits, "malformed-request", "not the origin of a log: " + origin);
        return parts;
    }

    /** Read a note; nothing is verified yet. */
    static Checkpoint parse(Object value) {
        String note = Json.text(value, MALFORMED);
        boolean bounded = note.length() <= MOST_BYTES && Bytes.utf8(note).length <= MOST_BYTES;
        LedgerException.require(bounded, MALFORMED, "a note has at most 16384 bytes");
        int end = note.indexOf("\n\n");
        boolean whole = end >= 0 && note.length() > end + 2 && note.endsWith("\n");
        LedgerException.require(whole, MALFORMED, "not text, an empty line, signature lines");
        Matcher text = TEXT.matcher(note.substring(0, end + 1));
        LedgerException.require(text.matches(), MALFORMED, "not the text of a checkpoint");
        String[] rows = note.substring(end + 2, note.length() - 1).split("\n", -1);
        LedgerException.require(rows.length <= MOST_LINES, MALFORMED, "more than 64 signatures");
        List<Line> lines = new ArrayList<>();
        for (String row : rows) {
            Matcher line = LINE.matcher(row);
            LedgerException.require(line.matches(), MALFORMED, "not a signature line");
            byte[] blob = Bytes.unbase64(line.group(2), MALFORMED);
            LedgerException.require(blob.length > KEY_HASH_SIZE, MALFORMED, "a short signature");
            lines.add(new Line(line.group(1), blob));
        }
        return new Checkpoint(note, text, lines);
    }

    /** The text that is signed, its last line feed included. */
    byte[] text() {
        return text.clone();
    }

    /** Tell how many signature lines there are. */
    int lineCount() {
        return lines.size();
    }

    /** Check that both keys of the log signed; a line of another key is ignored. */
    void verify(LogKeys.Pair pair) {
        byte[] ed25519 = keyHash(ED25519_TYPE, pair.ed25519);
        byte[] sm2 = keyHash(SM2_TYPE, pair.sm2);
        boolean byEd25519 = false;
        boolean bySm2 = false;
        for (Line line : lines) {
            if (!line.name.equals(origin)) {
                continue;
            }
            // A line that names one of the keys and does not hold refuses the note, even where
            // another line of that key does.
            if (Bytes.same(line.keyHash, ed25519)) {
                byEd25519 = signed(verifyEd25519(pair.ed25519, text, line.signature));
            } else if (Bytes.same(line.keyHash, sm2)) {
                bySm2 = signed(Sm2.verify(pair.sm2, text, line.signature));
            }
        }
        LedgerException.require(byEd25519 && bySm2, "checkpoint-invalid",
                "the checkpoint of " + origin + " lacks a signature of its log's keys");
    }

    private boolean signed(boolean holds) {
        LedgerException.require(
                holds, "checkpoint-invalid", "a signature on the checkpoint of " + origin + " fails");
        return true;
    }

    private byte[] keyHash(byte[] type, byte[] key) {
        byte[] hash = Bytes.sha256(Bytes.utf8(origin + "\n"), type, key);
        return Arrays.copyOf(hash, KEY_HASH_SIZE);
    }

    static boolean verifyEd25519(byte[] key, byte[] text, byte[] signature) {
        if (signature.length != Ed25519PublicKeyParameters.KEY_SIZE * 2) {
            return false;
        }
        try {
            Ed25519Signer signer = new Ed25519Signer();
            signer.init(false, new Ed25519PublicKeyParameters(key, 0));
            signer.update(text, 0, text.length);
            return signer.verifySignature(signature);
        } catch (IllegalArgumentException error) {
            // Not a point: no signature holds by such a key.
            return false;
        }
    }
}
