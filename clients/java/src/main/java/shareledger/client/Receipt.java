package shareledger.client;

import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * What a client keeps of a call (docs/protocol.md 6.4): leaf, inclusion proof, signed checkpoint, and
 * the anchor once the chain has reached the leaf. Parsing verifies nothing.
 */
public final class Receipt {
    private static final String MALFORMED = "malformed-receipt";
    private static final Set<String> REQUIRED = new HashSet<>(
            Arrays.asList("v", "leaf", "index", "size", "proof", "checkpoint"));
    private static final Set<String> ANCHORED = new HashSet<>(Arrays.asList(
            "chainId", "contract", "tx", "block", "blockHash", "size", "consistency"));
    private static final Set<String> WITNESSED =
            new HashSet<>(Arrays.asList("checkpoint", "consistency"));

    private final Map<String, Object> members;
    private final byte[] leafBytes;
    private final Leaf leaf;
    private final long index;
    private final long size;
    private final List<byte[]> proof;
    private final Checkpoint checkpoint;
    private final long anchoredSize;
    private final List<byte[]> consistency;

    private Receipt(Map<String, Object> members) {
        this.members = members;
        Set<String> optional = new HashSet<>(members.keySet());
        optional.removeAll(REQUIRED);
        optional.removeAll(Arrays.asList("witnessed", "anchored"));
        boolean whole = members.keySet().containsAll(REQUIRED) && optional.isEmpty();
        LedgerException.require(whole, MALFORMED, "a receipt has other members");
        boolean first = Long.valueOf(1).equals(members.get("v"));
        LedgerException.require(first, MALFORMED, "not a receipt of version 1");
        this.leafBytes = Bytes.unb64u(members.get("leaf"), MALFORMED);
        this.leaf = Leaf.parse(leafBytes);
        this.index = Json.number(members.get("index"), MALFORMED);
        this.size = Json.number(members.get("size"), MALFORMED);
        this.proof = Tree.parseProof(members.get("proof"), MALFORMED);
        this.checkpoint = Checkpoint.parse(members.get("checkpoint"));
        if (members.containsKey("witnessed")) {
            // Reserved: read, and given no weight (section 12).
            Map<String, Object> witnessed = only(members.get("witnessed"), WITNESSED);
            Json.text(witnessed.get("checkpoint"), MALFORMED);
            Tree.parseProof(witnessed.get("consistency"), MALFORMED);
        }
        if (members.containsKey("anchored")) {
            Map<String, Object> anchored = only(members.get("anchored"), ANCHORED);
            Json.number(anchored.get("chainId"), MALFORMED);
            Bytes.unhex(anchored.get("contract"), 20, MALFORMED);
            Bytes.unhex(anchored.get("tx"), 32, MALFORMED);
            Json.number(anchored.get("block"), MALFORMED);
            Bytes.unhex(anchored.get("blockHash"), 32, MALFORMED);
            this.anchoredSize = Json.number(anchored.get("size"), MALFORMED);
            this.consistency = Tree.parseProof(anchored.get("consistency"), MALFORMED);
        } else {
            this.anchoredSize = -1;
            this.consistency = null;
        }
    }

    /** Read the JSON object of a receipt. */
    public static Receipt parse(Object value) {
        return new Receipt(Json.object(value, MALFORMED));
    }

    private static Map<String, Object> only(Object value, Set<String> names) {
        Map<String, Object> members = Json.object(value, MALFORMED);
        boolean same = members.keySet().equals(names);
        LedgerException.require(same, MALFORMED, "a grade of the receipt has other members");
        return members;
    }

    public Leaf leaf() {
        return leaf;
    }

    byte[] leafBytes() {
        return leafBytes;
    }

    public long index() {
        return index;
    }

    public long size() {
        return size;
    }

    Checkpoint checkpoint() {
        return checkpoint;
    }

    /** Whose log the receipt says it is of (unified social credit code). */
    public String department() {
        return checkpoint.department();
    }

    /** Which of that department's logs, from 1. */
    public int generation() {
        return checkpoint.generation();
    }

    /** Tell whether it names an anchor; whether that holds, {@link Client#upgrade} has checked. */
    public boolean isAnchored() {
        return anchoredSize >= 0;
    }

    long anchoredSize() {
        return anchoredSize;
    }

    List<byte[]> consistency() {
        return consistency;
    }

    /** The JSON object, for keeping. */
    public Map<String, Object> render() {
        return members;
    }

    /** This receipt with another's anchor, and the proof that this one's tree is its beginning. */
    Receipt anchoredAs(Receipt newer, List<Object> proofNodes) {
        Map<String, Object> anchored = new LinkedHashMap<>(
                Json.object(newer.members.get("anchored"), MALFORMED));
        anchored.put("consistency", proofNodes);
        Map<String, Object> upgraded = new LinkedHashMap<>(members);
        upgraded.put("anchored", anchored);
        return new Receipt(upgraded);
    }

    /**
     * Check that the log, by one of its pairs of keys, contains the leaf.
     *
     * @throws LedgerException receipt-invalid, inclusion-invalid or checkpoint-invalid
     */
    void verify(LogKeys log) {
        String code = "receipt-invalid";
        LedgerException.require(checkpoint.origin.equals(log.origin), code,
                "the receipt is of the log " + checkpoint.origin + ", not " + log.origin);
        LedgerException.require(checkpoint.size == size, code, "a checkpoint of another size");
        Tree.verifyInclusion(Tree.leafHash(leafBytes), index, size, proof, checkpoint.root);
        LedgerException refusal =
                new LedgerException("checkpoint-invalid", "the log has no keys in force");
        for (LogKeys.Pair pair : log.pairs) {
            try {
                checkpoint.verify(pair);
                return;
            } catch (LedgerException error) {
                refusal = error;
            }
        }
        throw refusal;
    }

    /**
     * Check that the anchored tree continues this receipt's, and that its anchor stands where it
     * says, as far as that is told.
     *
     * @throws LedgerException inclusion-invalid, consistency-invalid or receipt-invalid
     */
    void verifyAnchored(Anchor anchor) {
        LedgerException.require(isAnchored(), "inclusion-invalid", "the receipt names no anchor");
        Tree.verifyConsistency(size, checkpoint.root, anchoredSize, anchor.root, consistency);
        Map<String, Object> named = Json.object(members.get("anchored"), MALFORMED);
        for (Map.Entry<String, Object> told : anchor.place.entrySet()) {
            LedgerException.require(Objects.equals(told.getValue(), named.get(told.getKey())),
                    "receipt-invalid", "the chain has another " + told.getKey() + " for that anchor");
        }
    }
}
