package shareledger.client;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Trust in one's own node, which has checked every decision on the chain; asked over HTTP. */
public final class NodeTrust implements Trust {
    private static final long FRESH_NANOS = 60_000_000_000L;
    private static final int MOST_KEPT = 1024;
    private static final String MALFORMED = "malformed-request";

    private final String base;
    private final PrivateKey signing;
    private final Http.Transport transport;
    /** What the node said, for a minute; the eldest goes first. */
    private final Map<String, Kept> kept = new LinkedHashMap<String, Kept>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Kept> eldest) {
            return size() > MOST_KEPT;
        }
    };

    private static final class Kept {
        final long since = System.nanoTime();
        final Map<String, Object> members;

        Kept(Map<String, Object> members) {
            this.members = members;
        }
    }

    /** Ask the node at {@code url}, for example {@code http://10.1.2.3:8600}, signed as the caller. */
    public NodeTrust(String url, PrivateKey signing) {
        this(url, signing, Http::send);
    }

    NodeTrust(String url, PrivateKey signing, Http.Transport transport) {
        this.base = Http.api(url);
        this.signing = signing;
        this.transport = transport;
    }

    @Override
    public LogKeys presentLog(String department) {
        return log(get("/departments/" + department + "/log"));
    }

    @Override
    public LogKeys logAt(String department, int generation, long second) {
        String query = "/log?generation=" + generation + "&at=" + second;
        return log(get("/departments/" + department + query));
    }

    @Override
    public Grant grant(long authorisation) {
        Map<String, Object> found = get("/authorisations/" + authorisation);
        List<String> codes = new ArrayList<>();
        for (Object code : Json.list(found.get("itemCodes"), MALFORMED)) {
            codes.add(Json.text(code, MALFORMED));
        }
        Bytes.unhex(found.get("entry"), 32, MALFORMED);
        return new Grant(
                Json.text(found.get("provider"), MALFORMED),
                Json.text(found.get("entry"), MALFORMED),
                Json.number(found.get("version"), MALFORMED),
                codes);
    }

    @Override
    public Anchor anchor(String department, int generation, long size) {
        Map<String, Object> found = get(
                "/departments/" + department + "/log/anchors/" + size + "?generation=" + generation);
        boolean same = Long.valueOf(size).equals(found.get("size"));
        LedgerException.require(same, "not-found", "no anchor of " + department + " at " + size);
        return new Anchor(Bytes.unhex(found.get("root"), 32, MALFORMED), found);
    }

    private static LogKeys log(Map<String, Object> found) {
        List<LogKeys.Pair> pairs = new ArrayList<>();
        for (Object row : Json.list(found.get("keys"), MALFORMED)) {
            Map<String, Object> key = Json.object(row, MALFORMED);
            pairs.add(new LogKeys.Pair(
                    Bytes.unhex(key.get("sm2"), 64, MALFORMED),
                    Bytes.unhex(key.get("ed25519"), 32, MALFORMED)));
        }
        return new LogKeys(
                Json.text(found.get("origin"), MALFORMED),
                // Where it is not told, the provider is asked about every receipt.
                found.containsKey("size")
                        ? Json.number(found.get("size"), MALFORMED) : Json.LARGEST,
                pairs);
    }

    private Map<String, Object> get(String path) {
        String url = base + path;
        synchronized (kept) {
            Kept before = kept.get(url);
            if (before != null && System.nanoTime() - before.since < FRESH_NANOS) {
                return before.members;
            }
        }
        Map<String, Object> found;
        try {
            found = Http.get(transport, url, signing);
        } catch (Refusal refusal) {
            // What one's own node refuses must not read like the provider's refusal of the call.
            String detail = "本方节点 / own node: " + refusal.getMessage();
            throw new LedgerException("", refusal.code(), detail, refusal);
        }
        synchronized (kept) {
            kept.remove(url);
            kept.put(url, new Kept(found));
        }
        return found;
    }

    @Override
    public void refresh() {
        synchronized (kept) {
            kept.clear();
        }
    }
}
