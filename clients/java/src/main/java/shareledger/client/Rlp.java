package shareledger.client;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** RLP (Ethereum's yellow paper, appendix B): bytes, or lists of them; one encoding of each value. */
final class Rlp {
    private static final int DEEPEST = 8;

    private final byte[] data;
    private final String where;
    private int at;

    private Rlp(byte[] data, String where) {
        this.data = data;
        this.where = where;
    }

    /** Read one value: {@code byte[]} or {@code List<Object>}. */
    static Object decode(byte[] data, String where) {
        Rlp reader = new Rlp(data, where);
        Object value = reader.value(data.length, DEEPEST);
        reader.require(reader.at == data.length);
        return value;
    }

    @SuppressWarnings("unchecked")
    static List<Object> list(Object value, String where) {
        Evidence.require(value instanceof List, where, "not an RLP list");
        return (List<Object>) value;
    }

    static byte[] bytes(Object value, int size, String where) {
        boolean fits = value instanceof byte[] && (size < 0 || ((byte[]) value).length == size);
        Evidence.require(fits, where, "not RLP bytes of the size");
        return (byte[]) value;
    }

    /** A whole number from 0 without leading zeros. */
    static BigInteger number(Object value, String where) {
        byte[] bytes = bytes(value, -1, where);
        boolean shortest = bytes.length <= 32 && (bytes.length == 0 || bytes[0] != 0);
        Evidence.require(shortest, where, "not an RLP number");
        return new BigInteger(1, bytes);
    }

    private void require(boolean holds) {
        Evidence.require(holds, where, "not RLP in its one encoding");
    }

    private Object value(int end, int depth) {
        require(at < end);
        int first = data[at++] & 0xff;
        if (first < 0x80) {
            return new byte[] {(byte) first};
        }
        boolean list = first >= 0xc0;
        int size = length(first - (list ? 0xc0 : 0x80), end);
        int stop = at + size;
        if (!list) {
            byte[] bytes = Arrays.copyOfRange(data, at, stop);
            require(size != 1 || (bytes[0] & 0xff) >= 0x80);
            at = stop;
            return bytes;
        }
        require(depth > 0);
        List<Object> values = new ArrayList<>();
        while (at < stop) {
            values.add(value(stop, depth - 1));
        }
        return values;
    }

    private int length(int code, int end) {
        int size = code;
        if (code > 55) {
            int count = code - 55;
            require(count <= 4 && at + count <= end && data[at] != 0);
            long found = 0;
            for (int which = 0; which < count; which++) {
                found = found << 8 | data[at++] & 0xff;
            }
            require(found > 55 && found <= Integer.MAX_VALUE);
            size = (int) found;
        }
        require(size <= end - at);
        return size;
    }

    static byte[] encode(byte[] bytes) {
        if (bytes.length == 1 && (bytes[0] & 0xff) < 0x80) {
            return bytes;
        }
        return Bytes.concat(head(bytes.length, 0x80), bytes);
    }

    /** A list of values that are encoded already. */
    static byte[] encodeList(List<byte[]> encoded) {
        byte[] whole = Bytes.concat(encoded.toArray(new byte[0][]));
        return Bytes.concat(head(whole.length, 0xc0), whole);
    }

    static byte[] number(int value) {
        return encode(value == 0 ? new byte[0]
                : org.bouncycastle.util.BigIntegers.asUnsignedByteArray(BigInteger.valueOf(value)));
    }

    private static byte[] head(int size, int base) {
        if (size <= 55) {
            return new byte[] {(byte) (base + size)};
        }
        byte[] length =
                org.bouncycastle.util.BigIntegers.asUnsignedByteArray(BigInteger.valueOf(size));
        return Bytes.concat(new byte[] {(byte) (base + 55 + length.length)}, length);
    }
}
