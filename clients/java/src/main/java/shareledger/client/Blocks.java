package shareledger.client;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Block headers, receipts and their trie, as Ethereum hashes them (docs/evidence.md 3.1 and 3.2). */
final class Blocks {
    private static final int FEWEST_FIELDS = 15;
    private static final int MOST_FIELDS = 21;
    private static final int[] SIZES =
        {32, 32, 20, 32, 32, 32, 256, -2, -2, -2, -2, -2, -1, 32, 8, -2, 32, -2, -2, 32, 32};

    private Blocks() {}

    static final class Header {
        final byte[] hash;
        final byte[] parent;
        final byte[] receiptsRoot;
        final byte[] bloom;
        final long number;
        final long timestamp;

        private Header(byte[] hash, List<Object> fields, String where) {
            this.hash = hash;
            this.parent = (byte[]) fields.get(0);
            this.receiptsRoot = (byte[]) fields.get(5);
            this.bloom = (byte[]) fields.get(6);
            this.number = small(fields.get(8), where);
            this.timestamp = small(fields.get(11), where);
        }

        private static long small(Object field, String where) {
            java.math.BigInteger value = Rlp.number(field, where);
            Evidence.require(value.bitLength() < 63, where, "a number that is too large");
            return value.longValue();
        }
    }

    static final class Log {
        final String address;
        final List<String> topics;
        final byte[] data;

        private Log(Object value, String where) {
            List<Object> fields = Rlp.list(value, where);
            Evidence.require(fields.size() == 3, where, "not a log");
            this.address = Bytes.hex(Rlp.bytes(fields.get(0), 20, where));
            this.topics = new ArrayList<>();
            for (Object topic : Rlp.list(fields.get(1), where)) {
                topics.add(Bytes.hex(Rlp.bytes(topic, 32, where)));
            }
            Evidence.require(topics.size() <= 4, where, "more than four topics");
            this.data = Rlp.bytes(fields.get(2), -1, where);
        }
    }

    static Header header(byte[] bytes, String where) {
        List<Object> fields = Rlp.list(Rlp.decode(bytes, where), where);
        boolean count = fields.size() >= FEWEST_FIELDS && fields.size() <= MOST_FIELDS;
        Evidence.require(count, where, "not a header");
        for (int at = 0; at < fields.size(); at++) {
            if (SIZES[at] == -2) {
                Rlp.number(fields.get(at), where);
            } else {
                Rlp.bytes(fields.get(at), SIZES[at], where);
            }
        }
        return new Header(Bytes.keccak(bytes), fields, where);
    }

    /** The logs of a receipt: type byte ‖ RLP, or RLP alone for type 0 (EIP-2718). */
    static List<Log> logs(byte[] receipt, String where) {
        boolean typed = receipt.length > 0 && receipt[0] > 0;
        byte[] body = typed ? Arrays.copyOfRange(receipt, 1, receipt.length) : receipt;
        List<Object> fields = Rlp.list(Rlp.decode(body, where), where);
        Evidence.require(fields.size() == 4, where, "not a receipt");
        List<Log> logs = new ArrayList<>();
        for (Object log : Rlp.list(fields.get(3), where)) {
            logs.add(new Log(log, where));
        }
        return logs;
    }

    /** Tell whether a bloom names an address: the low 11 bits of its hash's first three words. */
    static boolean names(byte[] bloom, String address) {
        byte[] hash = Bytes.keccak(Bytes.unhex(address, 20, "malformed-evidence"));
        for (int word = 0; word < 6; word += 2) {
            int bit = (hash[word] << 8 | hash[word + 1] & 0xff) & 0x7ff;
            if ((bloom[255 - bit / 8] >> bit % 8 & 1) == 0) {
                return false;
            }
        }
        return true;
    }

    /** Root of the trie that holds the receipts under the RLP of their places. */
    static byte[] receiptsRoot(List<byte[]> receipts) {
        if (receipts.isEmpty()) {
            return Bytes.keccak(Rlp.encode(new byte[0]));
        }
        Map<String, byte[]> entries = new TreeMap<>();
        for (int place = 0; place < receipts.size(); place++) {
            entries.put(Bytes.hex(Rlp.number(place)), receipts.get(place));
        }
        return Bytes.keccak(node(new ArrayList<>(entries.entrySet()), 0));
    }

    /** The RLP of the node over entries that agree in their first {@code depth} digits. */
    private static byte[] node(List<Map.Entry<String, byte[]>> entries, int depth) {
        String first = entries.get(0).getKey();
        if (entries.size() == 1) {
            byte[] path = path(first.substring(depth), true);
            return Rlp.encodeList(Arrays.asList(
                    Rlp.encode(path), Rlp.encode(entries.get(0).getValue())));
        }
        String last = entries.get(entries.size() - 1).getKey();
        int shared = depth;
        while (first.charAt(shared) == last.charAt(shared)) {
            shared++;
        }
        if (shared > depth) {
            byte[] path = path(first.substring(depth, shared), false);
            return Rlp.encodeList(Arrays.asList(
                    Rlp.encode(path), reference(node(entries, shared))));
        }
        List<byte[]> children = new ArrayList<>();
        int from = 0;
        for (int digit = 0; digit < 16; digit++) {
            int to = from;
            while (to < entries.size()
                    && Character.digit(entries.get(to).getKey().charAt(depth), 16) == digit) {
                to++;
            }
            children.add(from == to ? Rlp.encode(new byte[0])
                    : reference(node(entries.subList(from, to), depth + 1)));
            from = to;
        }
        // No key of ours is the beginning of another: RLP of numbers is prefix-free.
        children.add(Rlp.encode(new byte[0]));
        return Rlp.encodeList(children);
    }

    private static byte[] reference(byte[] node) {
        return node.length < 32 ? node : Rlp.encode(Bytes.keccak(node));
    }

    /** The hex-prefix encoding of a path. */
    private static byte[] path(String digits, boolean leaf) {
        String flag = leaf ? (digits.length() % 2 == 0 ? "20" : "3")
                : (digits.length() % 2 == 0 ? "00" : "1");
        String whole = flag + digits;
        return Bytes.unhex(whole, whole.length() / 2, "malformed-evidence");
    }
}
