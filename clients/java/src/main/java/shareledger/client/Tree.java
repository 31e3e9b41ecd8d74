package shareledger.client;

import java.util.ArrayList;
import java.util.List;

/** The log's tree: RFC 6962 with SHA-256; verified as in RFC 9162 2.1.3.2 and 2.1.4.2. */
final class Tree {
    static final int MOST_HASHES = 128;
    private static final byte[] LEAF = {0};
    private static final byte[] NODE = {1};

    private Tree() {}

    static byte[] leafHash(byte[] leaf) {
        return Bytes.sha256(LEAF, leaf);
    }

    private static byte[] node(byte[] left, byte[] right) {
        return Bytes.sha256(NODE, left, right);
    }

    /** Check that the leaf is entry {@code index} of the tree of {@code size} leaves. */
    static void verifyInclusion(
            byte[] leafHash, long index, long size, List<byte[]> proof, byte[] root) {
        String code = "inclusion-invalid";
        LedgerException.require(0 <= index && index < size, code, "the leaf is outside the tree");
        long place = index;
        long last = size - 1;
        byte[] found = leafHash;
        for (byte[] sibling : proof) {
            LedgerException.require(last > 0, code, "the proof is too long");
            if ((place & 1) == 1 || place == last) {
                found = node(sibling, found);
                while ((place & 1) == 0 && place > 0) {
                    place >>= 1;
                    last >>= 1;
                }
            } else {
                found = node(found, sibling);
            }
            place >>= 1;
            last >>= 1;
        }
        boolean holds = last == 0 && Bytes.same(found, root);
        LedgerException.require(holds, code, "the proof does not lead to the root");
    }

    /** Check that the tree of {@code size} leaves continues the one of {@code oldSize}. */
    static void verifyConsistency(
            long oldSize, byte[] oldRoot, long size, byte[] root, List<byte[]> proof) {
        String code = "consistency-invalid";
        LedgerException.require(0 <= oldSize && oldSize <= size, code, "the tree has shrunk");
        if (oldSize == 0 || oldSize == size) {
            byte[] expected = oldSize == 0 ? Bytes.sha256() : root;
            boolean same = proof.isEmpty() && Bytes.same(oldRoot, expected);
            LedgerException.require(same, code, "trees of one size with different roots");
            return;
        }
        List<byte[]> path = new ArrayList<>(proof);
        if ((oldSize & (oldSize - 1)) == 0) {
            path.add(0, oldRoot);
        }
        LedgerException.require(!path.isEmpty(), code, "the proof is empty");
        long place = oldSize - 1;
        long last = size - 1;
        while ((place & 1) == 1) {
            place >>= 1;
            last >>= 1;
        }
        byte[] before = path.get(0);
        byte[] after = before;
        for (byte[] sibling : path.subList(1, path.size())) {
            LedgerException.require(last > 0, code, "the proof is too long");
            if ((place & 1) == 1 || place == last) {
                before = node(sibling, before);
                after = node(sibling, after);
                while ((place & 1) == 0 && place > 0) {
                    place >>= 1;
                    last >>= 1;
                }
            } else {
                after = node(after, sibling);
            }
            place >>= 1;
            last >>= 1;
        }
        boolean holds = last == 0 && Bytes.same(before, oldRoot) && Bytes.same(after, root);
        LedgerException.require(holds, code, "the later tree does not continue the earlier one");
    }

    /** Read a proof: a list of base64url of 32 bytes each. */
    static List<byte[]> parseProof(Object value, String code) {
        List<Object> rows = Json.list(value, code);
        LedgerException.require(rows.size() <= MOST_HASHES, code, "more than 128 hashes");
        List<byte[]> proof = new ArrayList<>();
        for (Object row : rows) {
            byte[] hash = Bytes.unb64u(row, code);
            LedgerException.require(hash.length == 32, code, "a hash of a proof has 32 bytes");
            proof.add(hash);
        }
        return proof;
    }
}
