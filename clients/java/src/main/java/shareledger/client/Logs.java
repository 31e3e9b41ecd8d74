package shareledger.client;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Departments' logs and their anchors, and the rules of AccessAnchors (docs/evidence.md 3.4). */
final class Logs {
    private final Ledger ledger;
    final Map<String, Log> logs = new HashMap<>();
    private final Map<String, String> present = new HashMap<>();

    static final class Log {
        String department;
        String origin;
        long generation;
        long size;
        boolean frozen;
        boolean superseded;
        final List<Anchor> anchors = new ArrayList<>();
    }

    static final class Anchor {
        final long size;
        final byte[] root;
        final String checkpointHash;
        final long block;
        final long time;

        Anchor(Decisions.Event event) {
            this.size = event.number("size");
            this.root = Evidence.unhex(event.hex("root"));
            this.checkpointHash = event.hex("checkpointHash");
            this.block = event.block;
            this.time = event.time;
        }
    }

    Logs(Ledger ledger) {
        this.ledger = ledger;
    }

    void apply() {
        Decisions.Event event = ledger.event;
        switch (event.name) {
            case "LogRegistered":
                accept(event);
                ledger.require(!present.containsKey(event.hex("department")), "a log already");
                open(event, 1);
                break;
            case "LogSuperseded":
                accept(event);
                ledger.requireDigest(event.hex("digest"));
                String before = present.get(event.hex("department"));
                ledger.require(before != null && before.equals(event.hex("old")), "not its log");
                Log old = logs.get(before);
                old.superseded = true;
                ledger.require(event.number("generation") == old.generation + 1, "the generation");
                open(event, old.generation + 1);
                break;
            case "Anchored":
                Log log = log(event);
                ledger.require(!log.superseded && !log.frozen, "the log takes no anchors");
                boolean grows = event.number("oldSize") == log.size
                        && Ledger.before(log.size, event.number("size"));
                ledger.require(grows, "not an anchor after the last");
                log.size = event.number("size");
                log.anchors.add(new Anchor(event));
                break;
            default:
                freeze(event);
        }
    }

    private void accept(Decisions.Event event) {
        boolean relay = !event.hex("relay").equals(Ledger.ZERO.substring(24));
        ledger.require(relay, "no relay");
        ledger.accept(new Ledger.Mandate(event.hex("department"), Ledger.HEAD));
    }

    private Log log(Decisions.Event event) {
        Log found = logs.get(event.hex("log"));
        ledger.require(found != null, "the log is not registered");
        return found;
    }

    private void open(Decisions.Event event, long generation) {
        Log log = new Log();
        log.department = event.hex("department");
        byte[] code = java.util.Arrays.copyOf(Evidence.unhex(log.department), 18);
        log.origin = "shareledger:" + ledger.chainId + ":" + ledger.registry + ":"
                + new String(code, StandardCharsets.US_ASCII)
                + (generation == 1 ? "" : ":" + generation);
        log.generation = generation;
        String id = Bytes.hex(Bytes.keccak(Bytes.ascii(log.origin)));
        ledger.require(id.equals(event.hex("log")), "not the log's id");
        logs.put(id, log);
        present.put(log.department, id);
    }

    private void freeze(Decisions.Event event) {
        Log log = log(event);
        boolean split = !log.frozen && !event.hex("firstRoot").equals(event.hex("secondRoot"));
        ledger.require(split, "frozen already, or no split is shown");
        for (String which : new String[] {"first", "second"}) {
            Ledger.Key key = ledger.keys.get(event.hex(which + "Key"));
            boolean ours = key != null && key.kind == 2 && key.holder.equals(log.department);
            ledger.require(ours, "not a key of the log's department");
            String text = log.origin + "\n" + Long.toUnsignedString(event.number("size")) + "\n"
                    + Bytes.base64(Evidence.unhex(event.hex(which + "Root"))) + "\n";
            byte[] signature = Bytes.concat(
                    Decisions.uint((BigInteger) event.args.get(which + "R")),
                    Decisions.uint((BigInteger) event.args.get(which + "S")));
            ledger.require(Sm2.verify(key.raw, Bytes.ascii(text), signature), "a root is not signed");
        }
        log.frozen = true;
    }
}
