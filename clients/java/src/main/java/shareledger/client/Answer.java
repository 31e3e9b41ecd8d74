package shareledger.client;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** Rows, and the proof that they were asked for and given. */
public final class Answer {
    private static final String MALFORMED = "malformed-receipt";

    private final Receipt receipt;
    private final Map<String, Object> plain;
    private final List<Map<String, Object>> rows = new ArrayList<>();
    private final List<String> masked = new ArrayList<>();
    private final long remainingCalls;
    private final long remainingRows;

    Answer(Receipt receipt, Map<String, Object> plain, Map<String, Object> remaining) {
        this.receipt = receipt;
        this.plain = plain;
        for (Object row : Json.list(plain.get("rows"), MALFORMED)) {
            rows.add(Collections.unmodifiableMap(Json.object(row, MALFORMED)));
        }
        for (Object item : Json.list(plain.get("masked"), MALFORMED)) {
            masked.add(Json.text(item, MALFORMED));
        }
        Json.text(plain.get("asOf"), MALFORMED);
        if (plain.get("next") != null) {
            Json.text(plain.get("next"), MALFORMED);
        }
        this.remainingCalls = Json.number(remaining.get("calls"), MALFORMED);
        this.remainingRows = Json.number(remaining.get("rows"), MALFORMED);
    }

    /** Item code → String, Long, Boolean or null. */
    public List<Map<String, Object>> rows() {
        return Collections.unmodifiableList(rows);
    }

    /** What {@link Query#after} takes for the following page; null on the last. */
    public String next() {
        return (String) plain.get("next");
    }

    /** The items that were masked. */
    public List<String> masked() {
        return Collections.unmodifiableList(masked);
    }

    /** When the source was read, RFC 3339 UTC. */
    public String asOf() {
        return (String) plain.get("asOf");
    }

    public Receipt receipt() {
        return receipt;
    }

    /** The event id, 64 hex digits: under it call and receipt are kept. */
    public String event() {
        return receipt.leaf().event();
    }

    /** What the Beijing day still allows: the provider's word, not signed. */
    public long remainingCalls() {
        return remainingCalls;
    }

    public long remainingRows() {
        return remainingRows;
    }

    /** The salts of the leaf's commitments to operator and matter. */
    Map<String, Object> opening() {
        return Json.object(plain.get("opening"), MALFORMED);
    }
}
