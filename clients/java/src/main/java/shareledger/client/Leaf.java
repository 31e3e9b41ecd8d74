package shareledger.client;

import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** An entry of a log (docs/protocol.md 6.1): what a call was, and what became of it. */
public final class Leaf {
    static final String SERVED = "served";
    private static final int MOST_BYTES = 4096;
    private static final long VERSION = 2;
    private static final long COMMIT_SECONDS = 60;
    private static final String MALFORMED = "malformed-receipt";
    private static final Map<String, Set<String>> KINDS = kinds();

    private final Map<String, Object> members;

    private Leaf(Map<String, Object> members) {
        this.members = members;
    }

    /** Read the canonical bytes of a call's leaf. */
    static Leaf parse(byte[] bytes) {
        return parse(bytes, "call");
    }

    /** Read the canonical bytes of a leaf of one kind; its times hold among themselves. */
    static Leaf parse(byte[] bytes, String kind) {
        LedgerException.require(bytes.length <= MOST_BYTES, MALFORMED, "a leaf over 4096 bytes");
        Leaf leaf = new Leaf(Json.object(Json.parseCanonical(bytes, MALFORMED), MALFORMED));
        boolean fits = Long.valueOf(VERSION).equals(leaf.members.get("v"))
                && kind.equals(leaf.members.get("type"));
        LedgerException.require(fits, MALFORMED, "not a leaf of kind " + kind + ", version 2");
        boolean whole = leaf.members.keySet().equals(KINDS.get(kind));
        LedgerException.require(whole, MALFORMED, "the leaf has other members");
        leaf.check();
        return leaf;
    }

    private void check() {
        for (Map.Entry<String, Object> member : members.entrySet()) {
            check(member.getKey(), member.getValue());
        }
        long second = at() / 1000;
        LedgerException.require(judged() <= second && second <= judged() + COMMIT_SECONDS,
                MALFORMED, "judged at " + judged() + " and logged at " + second + ": not within 60 s");
    }

    private void check(String name, Object value) {
        switch (name) {
            case "type":
            case "v":
                return;
            case "salt":
                byte[] salt = Bytes.unb64u(value, MALFORMED);
                LedgerException.require(salt.length == 16, MALFORMED, "the salt has 16 bytes");
                return;
            case "block":
                Map<String, Object> block = Json.object(value, MALFORMED);
                Set<String> wanted = new HashSet<>(Arrays.asList("number", "hash"));
                LedgerException.require(
                        block.keySet().equals(wanted), MALFORMED, "the block has other members");
                Json.number(block.get("number"), MALFORMED);
                Bytes.unhex(block.get("hash"), 32, MALFORMED);
                return;
            case "custody":
                boolean known = "own".equals(value) || "hosted".equals(value);
                LedgerException.require(known, MALFORMED, "custody is own or hosted");
                return;
            case "outcome":
                require(name, value, "[a-z][a-z0-9-]{0,63}");
                return;
            case "base":
                require(name, value, "[\\n -~]+");
                return;
            case "question":
                int length = Json.text(value, MALFORMED).codePointCount(0, ((String) value).length());
                LedgerException.require(0 < length && length <= 512, MALFORMED, "a long question");
                return;
            case "signature":
                Bytes.unhex(value, 64, MALFORMED);
                return;
            case "answer":
            case "plain":
            case "operator":
            case "matter":
            case "values":
                if (value != null) {
                    Bytes.unhex(value, 32, MALFORMED);
                }
                return;
            case "event":
            case "prev":
            case "entry":
            case "items":
            case "masked":
                Bytes.unhex(value, 32, MALFORMED);
                return;
            default:
                Json.number(value, MALFORMED);
        }
    }

    private static void require(String name, Object value, String pattern) {
        boolean fits = Json.text(value, MALFORMED).matches(pattern);
        LedgerException.require(fits, MALFORMED, "the leaf's " + name + " is of another form");
    }

    private String text(String name) {
        return (String) members.get(name);
    }

    long number(String name) {
        return (Long) members.get(name);
    }

    /** 64 hex digits. */
    public String event() {
        return text("event");
    }

    /** {@code served}, or the problem code of the refusal. */
    public String outcome() {
        return text("outcome");
    }

    /** Milliseconds since 1970 at which it was committed: the provider's word. */
    public long at() {
        return number("at");
    }

    /** The second the call was judged at. */
    public long judged() {
        return number("judged");
    }

    /** Counts the calls of the authorisation's own application; 0 for anybody else's. */
    public long number() {
        return number("number");
    }

    public long authorisation() {
        return number("authorisation");
    }

    public long version() {
        return number("version");
    }

    public long rows() {
        return number("rows");
    }

    String base() {
        return text("base");
    }

    String signature() {
        return text("signature");
    }

    String entry() {
        return text("entry");
    }

    String items() {
        return text("items");
    }

    /** Hex, or null in a refusal: one of answer, plain, operator, matter. */
    String digest(String name) {
        return text(name);
    }

    long blockNumber() {
        return (Long) Json.object(members.get("block"), MALFORMED).get("number");
    }

    String blockHash() {
        return (String) Json.object(members.get("block"), MALFORMED).get("hash");
    }

    private static Map<String, Set<String>> kinds() {
        String every = "type v salt judged at block event custody outcome ";
        String entry = "entry version rows answer ";
        String signed = "base signature ";
        Map<String, Set<String>> kinds = new HashMap<>();
        kinds.put("call", words(every + signed + entry
                + "authorisation number prev revision items masked plain operator matter"));
        kinds.put("audit", words(
                every + signed + "sequence authorisation question values answer"));
        kinds.put("open", words(every + entry));
        kinds.put("preview", words(every + signed + entry + "sequence items masked"));
        return Collections.unmodifiableMap(kinds);
    }

    private static Set<String> words(String text) {
        return new HashSet<>(Arrays.asList(text.trim().split(" ")));
    }
}
