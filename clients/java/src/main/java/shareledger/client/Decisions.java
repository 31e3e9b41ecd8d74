package shareledger.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The contracts' events and the decisions behind them: ABI and EIP-712 (docs/protocol.md 3.1, 3.2,
 * 8.1). Values are {@code BigInteger}, {@code Boolean}, hex text of bytes32 and addresses, lists and
 * maps.
 */
final class Decisions {
    private static final Map<String, String> TYPES = new HashMap<>();
    private static final Map<String, Type> EVENTS = new HashMap<>();
    private static final Map<String, String> STRUCTS = new HashMap<>();
    private static final String[] PAIRS = {
        "DepartmentEnrolled EnrolDepartment", "DepartmentUpdated UpdateDepartment",
        "DepartmentStatusSet SetDepartmentStatus", "KeyRecovered RecoverKey", "KeyAdded AddKey",
        "KeyRevoked RevokeKey", "RolesGranted GrantRoles",
        "ApplicationRegistered RegisterApplication", "ContractListed ListContract",
        "VersionsSubmitted SubmitVersions", "VersionsReviewed ReviewVersions",
        "StandingReplySet SetStandingReply", "WithdrawalSubmitted SubmitWithdrawal",
        "WithdrawalReviewed ReviewWithdrawal", "FreezeOrdered FreezeEntry",
        "FreezeLifted UnfreezeEntry", "Applied ApplyFor", "Replied Reply", "Advanced Step",
        "Changed Change", "LogRegistered RegisterLog", "LogSuperseded SupersedeLog"};

    private Decisions() {}

    /** A type of the ABI: elementary, a struct's members, or a list of either. */
    private static final class Type {
        final String contract;
        final String name;
        final String base;
        final boolean indexed;
        final boolean list;
        final List<Type> members;

        Type(String contract, String name, String base, boolean indexed, boolean list,
                List<Type> members) {
            this.contract = contract;
            this.name = name;
            this.base = base;
            this.indexed = indexed;
            this.list = list;
            this.members = members;
        }

        String canonical() {
            StringBuilder text = new StringBuilder();
            if (members == null) {
                text.append(base);
            } else {
                for (Type member : members) {
                    text.append(text.length() == 0 ? "(" : ",").append(member.canonical());
                }
                text.append(')');
            }
            return text + (list ? "[]" : "");
        }
    }

    /** One event of one of our contracts. */
    static final class Event {
        final String contract;
        final String name;
        final Map<String, Object> args;
        final long block;
        final long time;
        final String place;
        /** The decision's type, null for what is none. */
        final String struct;

        Event(Type type, Map<String, Object> args, Blocks.Header header, String place) {
            this.contract = type.contract;
            this.name = type.name;
            this.args = args;
            this.block = header.number;
            this.time = header.timestamp;
            this.place = place + " (" + type.name + ")";
            this.struct = STRUCTS.get(type.name);
        }

        String hex(String member) {
            return (String) args.get(member);
        }

        /** A number of at most 64 bits, unsigned. */
        long number(String member) {
            return ((BigInteger) args.get(member)).longValue();
        }

        boolean flag(String member) {
            return (Boolean) args.get(member);
        }
    }

    static {
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(
                Decisions.class.getResourceAsStream("decisions.txt"), StandardCharsets.UTF_8))) {
            boolean events = false;
            for (String line; (line = reader.readLine()) != null; ) {
                if (line.isEmpty()) {
                    events = true;
                } else if (events) {
                    Type event = event(line);
                    String signature = event.name + event.canonical();
                    String topic = Bytes.hex(Bytes.keccak(Bytes.ascii(signature)));
                    EVENTS.put(event.contract + " " + topic, event);
                } else if (!line.startsWith("#")) {
                    TYPES.put(line.substring(0, line.indexOf('(')), line);
                }
            }
        } catch (IOException error) {
            throw new ExceptionInInitializerError(error);
        }
        for (String pair : PAIRS) {
            STRUCTS.put(pair.split(" ")[0], pair.split(" ")[1]);
        }
    }

    private static Type event(String line) {
        int blank = line.indexOf(' ');
        int open = line.indexOf('(');
        String inside = line.substring(open + 1, line.length() - 1);
        return new Type(line.substring(0, blank), line.substring(blank + 1, open), "", false, false,
                members(inside));
    }

    private static List<Type> members(String text) {
        List<Type> members = new ArrayList<>();
        int depth = 0;
        int from = 0;
        for (int at = 0; at <= text.length(); at++) {
            char sign = at < text.length() ? text.charAt(at) : ',';
            depth += sign == '(' ? 1 : sign == ')' ? -1 : 0;
            if (sign == ',' && depth == 0) {
                members.add(member(text.substring(from, at).trim()));
                from = at + 1;
            }
        }
        return members;
    }

    private static Type member(String text) {
        int blank = text.lastIndexOf(' ');
        String name = text.substring(blank + 1);
        boolean indexed = name.endsWith("*");
        name = indexed ? name.substring(0, name.length() - 1) : name;
        String type = text.substring(0, blank);
        boolean list = type.endsWith("[]");
        type = list ? type.substring(0, type.length() - 2) : type;
        List<Type> inner = type.startsWith("(")
                ? members(type.substring(1, type.length() - 1)) : null;
        return new Type(null, name, inner == null ? type : "", indexed, list, inner);
    }

    /** Decode a log of a contract as one of its events. */
    static Event decode(String contract, Blocks.Log log, Blocks.Header header, String place) {
        String topic = log.topics.isEmpty() ? "" : log.topics.get(0);
        Type type = EVENTS.get(contract + " " + topic);
        Evidence.require(type != null, place, "no event of " + contract);
        Map<String, Object> args = new LinkedHashMap<>();
        int next = 1;
        List<Type> data = new ArrayList<>();
        for (Type member : type.members) {
            args.put(member.name, null);
            if (member.indexed) {
                Evidence.require(next < log.topics.size(), place, "a topic is missing");
                byte[] word = Bytes.unhex(log.topics.get(next++), 32, "malformed-evidence");
                args.put(member.name, word(member, word, place));
            } else {
                data.add(member);
            }
        }
        Evidence.require(next == log.topics.size(), place, "a topic too many");
        args.putAll(tuple(data, log.data, 0, place));
        return new Event(type, args, header, place);
    }

    private static Map<String, Object> tuple(List<Type> types, byte[] data, int start, String where) {
        Map<String, Object> values = new LinkedHashMap<>();
        int at = start;
        for (Type type : types) {
            if (type.list) {
                values.put(type.name, list(type, data, start + offset(data, at, where), where));
                at += 32;
            } else {
                values.put(type.name, word(type, slice(data, at, where), where));
                at += 32;
            }
        }
        return values;
    }

    private static List<Object> list(Type type, byte[] data, int at, String where) {
        int count = offset(data, at, where);
        int width = 32 * (type.members == null ? 1 : type.members.size());
        Evidence.require(count <= (data.length - at - 32) / width, where, "a list that is cut");
        List<Object> values = new ArrayList<>();
        for (int place = 0; place < count; place++) {
            int from = at + 32 + place * width;
            values.add(type.members == null ? word(type, slice(data, from, where), where)
                    : tuple(type.members, data, from, where));
        }
        return values;
    }

    private static int offset(byte[] data, int at, String where) {
        BigInteger value = new BigInteger(1, slice(data, at, where));
        boolean inside = value.bitLength() < 31 && value.intValue() <= data.length;
        Evidence.require(inside, where, "an offset outside the data");
        return value.intValue();
    }

    private static byte[] slice(byte[] data, int at, String where) {
        Evidence.require(at >= 0 && at + 32 <= data.length, where, "the data is cut");
        return java.util.Arrays.copyOfRange(data, at, at + 32);
    }

    private static Object word(Type type, byte[] word, String where) {
        BigInteger value = new BigInteger(1, word);
        switch (type.base) {
            case "bytes32":
                return Bytes.hex(word);
            case "address":
                Evidence.require(value.bitLength() <= 160, where, "not an address");
                return Bytes.hex(word).substring(24);
            case "bool":
                Evidence.require(value.bitLength() <= 1, where, "not a boolean");
                return value.signum() > 0;
            default:
                int bits = Integer.parseInt(type.base.substring("uint".length()));
                Evidence.require(value.bitLength() <= bits, where, "more than " + type.base);
                return value;
        }
    }

    /** The 85 bytes that are signed for a decision of a contract at {@code address}. */
    static byte[] signedText(Event event, long chainId, String address) {
        byte[] domainType = Bytes.keccak(Bytes.ascii("EIP712Domain(string name,string version,"
                + "uint256 chainId,address verifyingContract)"));
        byte[] domain = Bytes.keccak(domainType, Bytes.keccak(Bytes.ascii("ShareLedger")),
                Bytes.keccak(Bytes.ascii("1")), uint(BigInteger.valueOf(chainId)),
                encode("address", address));
        byte[] hash = Bytes.keccak(
                new byte[] {0x19, 1}, domain, hash(TYPES.get(event.struct), event.struct, event.args));
        return Bytes.ascii("ShareLedger-decision:" + Bytes.hex(hash));
    }

    private static byte[] hash(String whole, String name, Map<String, Object> values) {
        String members = "";
        // The type that is hashed names the ones it holds after it; an inner one stands alone.
        int start = whole.startsWith(name + "(") ? 0 : whole.indexOf(")" + name + "(") + 1;
        int open = whole.indexOf('(', start);
        int close = whole.indexOf(')', open);
        members = whole.substring(open + 1, close);
        String hashed = start == 0 ? whole : whole.substring(start, close + 1);
        List<byte[]> parts = new ArrayList<>();
        parts.add(Bytes.keccak(Bytes.ascii(hashed)));
        for (String member : members.split(",")) {
            String type = member.split(" ")[0];
            Object value = values.get(member.split(" ")[1]);
            if (type.endsWith("[]")) {
                List<byte[]> inner = new ArrayList<>();
                for (Object each : (List<?>) value) {
                    inner.add(hash(whole, type.substring(0, type.length() - 2), map(each)));
                }
                parts.add(Bytes.keccak(inner.toArray(new byte[0][])));
            } else {
                parts.add(encode(type, value));
            }
        }
        return Bytes.keccak(parts.toArray(new byte[0][]));
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> map(Object value) {
        return (Map<String, Object>) value;
    }

    private static byte[] encode(String type, Object value) {
        if (type.equals("bytes32")) {
            return Bytes.unhex(value, 32, "malformed-evidence");
        }
        if (type.equals("address")) {
            return Bytes.concat(new byte[12], Bytes.unhex(value, 20, "malformed-evidence"));
        }
        return uint(value instanceof Boolean
                ? ((Boolean) value ? BigInteger.ONE : BigInteger.ZERO) : (BigInteger) value);
    }

    static byte[] uint(BigInteger value) {
        return org.bouncycastle.util.BigIntegers.asUnsignedByteArray(32, value);
    }
}
