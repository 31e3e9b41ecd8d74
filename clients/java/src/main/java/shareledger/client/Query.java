package shareledger.client;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What is asked for (docs/protocol.md 4.4): one page of rows of an authorisation. */
public final class Query {
    private static final int DEFAULT_SIZE = 100;

    final String purpose;
    final List<String> items;
    final String operator;
    final String matter;
    private final Map<String, Object> where;
    private final int size;
    private final String after;

    /**
     * Ask for items.
     *
     * @param purpose the purpose's code, as the application that was agreed to has it
     * @param items 1 to 256 item codes
     * @param operator who asks, in the consumer's own words
     * @param matter number of the case it is asked for (办件号)
     */
    public Query(String purpose, List<String> items, String operator, String matter) {
        this(purpose, items, operator, matter, Collections.<String, Object>emptyMap(),
                DEFAULT_SIZE, null);
    }

    private Query(String purpose, List<String> items, String operator, String matter,
            Map<String, Object> where, int size, String after) {
        this.purpose = purpose;
        this.items = Collections.unmodifiableList(new ArrayList<>(items));
        this.operator = operator;
        this.matter = matter;
        this.where = where;
        this.size = size;
        this.after = after;
    }

    /** With one more comparison: {@code eq}, {@code ge}, {@code le}, {@code in} or {@code prefix}. */
    public Query where(String item, String comparison, Object value) {
        Map<String, Object> more = new LinkedHashMap<>(where);
        Map<String, Object> clause = new LinkedHashMap<>();
        if (more.containsKey(item)) {
            clause.putAll(Json.object(more.get(item), "malformed-filter"));
        }
        clause.put(comparison, value);
        more.put(item, clause);
        return new Query(purpose, items, operator, matter, more, size, after);
    }

    /** With a whole filter: item code → comparison → value (docs/protocol.md 4.6). */
    public Query where(Map<String, Object> filter) {
        return new Query(purpose, items, operator, matter, new LinkedHashMap<>(filter), size, after);
    }

    /** With pages of {@code rows} rows. */
    public Query size(int rows) {
        return new Query(purpose, items, operator, matter, where, rows, after);
    }

    /** The page that begins after {@code next} of the one before. */
    public Query after(String next) {
        return new Query(purpose, items, operator, matter, where, size, next);
    }

    /** The body, with a fresh salt: without it the digest of a body could be guessed. */
    byte[] render() {
        Map<String, Object> page = new LinkedHashMap<>();
        page.put("size", size);
        page.put("after", after);
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("purpose", purpose);
        body.put("items", items);
        body.put("where", where);
        body.put("page", page);
        body.put("operator", operator);
        body.put("matter", matter);
        body.put("salt", Bytes.b64u(Bytes.random(16)));
        return Json.render(body);
    }
}
