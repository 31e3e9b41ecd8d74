package shareledger.client;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** One of a department's logs, and the keys that may sign its checkpoints. */
public final class LogKeys {
    final String origin;
    /** How far the chain has anchored it, as one's own node knows. */
    final long anchoredSize;
    final List<Pair> pairs;

    /** A department's SM2 key (x‖y, 64 bytes) and the Ed25519 key of its document (32 bytes). */
    public static final class Pair {
        final byte[] sm2;
        final byte[] ed25519;

        public Pair(byte[] sm2, byte[] ed25519) {
            Sm2.publicKey(sm2, "malformed-request");
            LedgerException.require(ed25519.length == 32, "malformed-request", "Ed25519 has 32 bytes");
            this.sm2 = sm2.clone();
            this.ed25519 = ed25519.clone();
        }
    }

    public LogKeys(String origin, long anchoredSize, List<Pair> pairs) {
        this.origin = origin;
        this.anchoredSize = anchoredSize;
        this.pairs = Collections.unmodifiableList(new ArrayList<>(pairs));
    }
}
