package shareledger.client;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The offline verifier of evidence bundles (docs/evidence.md): a bundle and a trust file in, what is
 * proven out. No network; everything is replayed from the root key and a trusted block.
 */
public final class Evidence {
    private static final String REGISTRY = "DepartmentRegistry";
    private static final List<String> CONTRACTS = Arrays.asList(
            REGISTRY, "CatalogueRegistry", "ShareAuthorisations", "AccessAnchors");
    private static final long LATEST = 1L << 37;
    private static final long CLOCK_SECONDS = 300;
    private static final Pattern BASE = Pattern.compile(
            "\"@method\": POST\n\"@authority\": ([a-z0-9.\\-:\\[\\]]{1,255})\n"
            + "\"@path\": /api/v1/authorisations/([1-9][0-9]{0,15})/query\n\"@query\": \\?\n"
            + "\"content-type\": [ -~]{1,255}\n\"content-digest\": sm3=:([A-Za-z0-9+/]{43}=):\n"
            + "\"@signature-params\": \\(\"@method\" \"@authority\" \"@path\" \"@query\" "
            + "\"content-type\" \"content-digest\"\\);created=(0|[1-9][0-9]{0,11});"
            + "nonce=\"([A-Za-z0-9_-]{22,64})\";alg=\"sm2-sm3\";keyid=\"([0-9a-f]{64})\";"
            + "tag=\"gdsl-1\"");

    private final Bundle bundle;
    private final TrustFile trust;
    private final Map<String, String> contracts = new LinkedHashMap<>();
    private final Map<String, String> addresses = new HashMap<>();
    private Blocks.Header[] headers;
    private Ledger ledger;
    private final List<Bound> bound = new ArrayList<>();
    /** Documents by the object they stand behind and their digest. */
    private final Map<String, Map<String, Object>> papers = new HashMap<>();
    private Leaf leaf;
    private Matcher call;
    private Standing judged;
    private final Map<Long, String> standings = new LinkedHashMap<>();

    /** What a bundle proves. */
    public static final class Report {
        private final String verdict;
        private final Leaf leaf;
        private final String explanation;

        private Report(String verdict, Leaf leaf, String explanation) {
            this.verdict = verdict;
            this.leaf = leaf;
            this.explanation = explanation;
        }

        /** {@code proven}, {@code undetermined} or {@code incomplete} (docs/evidence.md 3.9). */
        public String verdict() {
            return verdict;
        }

        /** The call's leaf. */
        public Leaf leaf() {
            return leaf;
        }

        /** Why it is not proven, or what was. */
        public String explanation() {
            return explanation;
        }
    }

    /** One document that one decision binds to one object. */
    private static final class Bound {
        final String digest;
        final String kind;
        final String object;
        final Map<String, Object> struct;
        final String acted;
        final String place;
        /** Authorisation, entry, or 0 and null: the holder in the struct. */
        final long authorisation;
        final String entry;

        Bound(Decisions.Event event, String acted, String digest, String kind, String object,
                Map<String, Object> struct, long authorisation, String entry) {
            this.digest = digest;
            this.kind = kind;
            this.object = object;
            this.struct = struct;
            this.acted = acted;
            this.place = event.place;
            this.authorisation = authorisation;
            this.entry = entry;
        }
    }

    private Evidence(Bundle bundle, TrustFile trust) {
        this.bundle = bundle;
        this.trust = trust;
    }

    /**
     * Verify a bundle.
     *
     * @throws LedgerException evidence-invalid: it proves nothing; the message names the place
     */
    public static Report verify(byte[] file, TrustFile trust) {
        try {
            return new Evidence(new Bundle(file), trust).verify();
        } catch (LedgerException error) {
            if (error.code().equals("evidence-invalid")) {
                throw error;
            }
            throw new LedgerException("evidence-invalid", error.getMessage(), error);
        }
    }

    static LedgerException refuse(String where, String problem) {
        return new LedgerException("evidence-invalid", where + ": " + problem);
    }

    static void require(boolean holds, String where, String problem) {
        if (!holds) {
            throw refuse(where, problem);
        }
    }

    static byte[] unhex(String hex) {
        return Bytes.unhex(hex, hex.length() / 2, "evidence-invalid");
    }

    private Report verify() {
        String beyond = verifyHeaders();
        verifyReceipts();
        List<Decisions.Event> events = readEvents();
        parseClaim();
        replay(events);
        verifyDocuments();
        verifyCall();
        Logs.Log log = ledger.logs.logs.get(Bytes.hex(Bytes.keccak(Bytes.utf8(note().origin))));
        require(log != null, "checkpoint", "of no registered log");
        Logs.Anchor anchor = verifyPlace(log);
        judged.verify(leaf, log.department);
        verifyRequest();
        if (beyond != null) {
            return new Report("incomplete", leaf, beyond);
        }
        for (Map.Entry<Long, String> standing : standings.entrySet()) {
            boolean changed = standing.getKey() <= anchor.block
                    && !standing.getValue().equals(judged.whole);
            if (changed) {
                return new Report("undetermined", leaf, "第 " + standing.getKey() + " 块改变了判定所依据的状态"
                        + " / block " + standing.getKey() + " changed what the call was judged by");
            }
        }
        return new Report("proven", leaf, "第 " + anchor.block + " 块锚定 / anchored in block "
                + anchor.block);
    }

    /** Check the chain of headers from the end down; say why the end is not known, or null. */
    private String verifyHeaders() {
        int last = bundle.headers.size() - 1;
        require(last >= 0, "headers", "there is none");
        byte[] end = trust.find(last);
        String beyond = null;
        if (end == null) {
            end = Bytes.keccak(bundle.headers.get(last));
            beyond = "信任文件不知道第 " + last + " 块 / the trust file does not know block " + last;
            if (last > trust.headNumber) {
                byte[] head = Bytes.keccak(bundle.headers.get((int) trust.headNumber));
                require(Bytes.same(head, trust.headHash), "headers", "another chain than the trusted");
            }
        }
        headers = new Blocks.Header[last + 1];
        byte[] expected = end;
        long latest = LATEST;
        for (int number = last; number >= 0; number--) {
            String where = "headers[" + number + "]";
            byte[] bytes = bundle.headers.get(number);
            // Hashed before it is read: only what the chain made is taken apart.
            require(Bytes.same(Bytes.keccak(bytes), expected), where, "not the hash of the chain");
            Blocks.Header header = Blocks.header(bytes, where);
            boolean fits = header.number == number && header.timestamp <= latest;
            require(fits, where, "another number, or later than the next");
            headers[number] = header;
            latest = header.timestamp;
            expected = header.parent;
        }
        require(Bytes.same(headers[0].hash, trust.genesisHash), "headers[0]", "not the genesis");
        return beyond;
    }

    private void verifyReceipts() {
        for (Map.Entry<Long, List<byte[]>> block : bundle.receipts.entrySet()) {
            String where = "receipts[block " + block.getKey() + "]";
            require(block.getKey() < headers.length, where, "no such block");
            byte[] root = headers[(int) (long) block.getKey()].receiptsRoot;
            require(Bytes.same(Blocks.receiptsRoot(block.getValue()), root), where, "another root");
        }
        contracts.put(trust.registry, REGISTRY);
        for (Decisions.Event event : decode()) {
            String address = event.name.equals("ContractListed") ? event.hex("contractAddress") : null;
            // A second name for a contract must not make its events another's, or nobody's.
            if (address != null && !CONTRACTS.contains(contracts.get(address))) {
                contracts.put(address, contractName(event.hex("name")));
            }
        }
        for (Map.Entry<String, String> contract : contracts.entrySet()) {
            addresses.put(contract.getValue(), contract.getKey());
        }
        for (Blocks.Header header : headers) {
            boolean named = false;
            for (String address : contracts.keySet()) {
                named |= Blocks.names(header.bloom, address);
            }
            require(named == bundle.receipts.containsKey(header.number),
                    "receipts[block " + header.number + "]", "left out, or of no contract of ours");
        }
    }

    private static String contractName(String padded) {
        byte[] bytes = unhex(padded);
        int end = 32;
        while (end > 0 && bytes[end - 1] == 0) {
            end--;
        }
        return new String(bytes, 0, end, StandardCharsets.ISO_8859_1);
    }

    private List<Decisions.Event> readEvents() {
        List<Decisions.Event> events = decode();
        for (Decisions.Event event : events) {
            // Two addresses under one name: the contracts list a name once.
            require(contracts.containsKey(addresses.get(event.contract)), event.place, "no address");
        }
        return events;
    }

    /** The events of the contracts known so far, in chain order. */
    private List<Decisions.Event> decode() {
        List<Decisions.Event> events = new ArrayList<>();
        for (Map.Entry<Long, List<byte[]>> block : bundle.receipts.entrySet()) {
            Blocks.Header header = headers[(int) (long) block.getKey()];
            int place = 0;
            for (int at = 0; at < block.getValue().size(); at++) {
                String where = "block " + header.number + ", transaction " + at;
                for (Blocks.Log log : Blocks.logs(block.getValue().get(at), where)) {
                    String contract = contracts.get(log.address);
                    String named = where + ", log " + place++;
                    if (CONTRACTS.contains(contract)) {
                        events.add(Decisions.decode(contract, log, header, named));
                    }
                }
            }
        }
        return events;
    }

    private void parseClaim() {
        leaf = Leaf.parse(bundle.leaf);
        call = BASE.matcher(leaf.base());
        require(call.matches(), "leaf.base", "not the text of a signed query");
        require(Bytes.same(Bytes.utf8(note().note), Bytes.utf8(bundle.checkpoint)), "checkpoint", "");
        require(note().lineCount() == 2, "checkpoint", "not exactly two lines");
        require(leaf.blockNumber() < headers.length, "leaf.block", "not on the chain");
    }

    private Checkpoint note() {
        return Checkpoint.parse(bundle.checkpoint);
    }

    private Standing standing() {
        return new Standing(ledger, leaf.authorisation(), call.group(6), leaf.judged());
    }

    private void replay(List<Decisions.Event> events) {
        ledger = new Ledger(trust, addresses);
        long before = -1;
        for (Decisions.Event event : events) {
            if (event.block != before) {
                took(before, event.block);
            }
            ledger.apply(event);
            bind(event);
            before = event.block;
        }
        took(before, Long.MAX_VALUE);
    }

    /** All events up to block {@code done} are applied, and the next is of block {@code next}. */
    private void took(long done, long next) {
        if (judged == null && next > leaf.blockNumber()) {
            judged = standing();
        }
        if (judged != null) {
            standings.put(Math.max(done, leaf.blockNumber()), standing().whole);
        }
    }

    private void bind(Decisions.Event event) {
        if (event.struct == null) {
            return;
        }
        Map<String, Object> args = event.args;
        String seq = event.contract + " " + event.number("seq");
        switch (event.struct) {
            case "EnrolDepartment":
            case "UpdateDepartment":
                bind(event, "department", "department:" + event.hex("department"), args);
                break;
            case "SetDepartmentStatus":
                bind(event, "department-status", seq, args);
                break;
            case "RecoverKey":
                bind(event, "recovery", "key:" + event.hex("headKey"), args);
                break;
            case "AddKey":
                bind(event, event.number("kind") == 1 ? "officer-key" : "key",
                        "key:" + event.hex("addedKey"), args);
                break;
            case "RevokeKey":
                bind(event, "revocation", "revocation:" + event.hex("key"), args);
                break;
            case "GrantRoles":
                bind(event, "roles", "roles:" + event.hex("department") + event.hex("key"), args);
                break;
            case "RegisterApplication":
                bind(event, "application-object", "application:" + event.hex("application"), args);
                break;
            case "SubmitVersions":
                bindVersions(event);
                break;
            case "ReviewVersions":
                bind(event, "review", seq, args);
                break;
            case "SubmitWithdrawal":
                bind(event, "withdrawal", seq, args);
                break;
            case "ReviewWithdrawal":
                bind(event, "withdrawal-review", seq, args);
                break;
            case "FreezeEntry":
                bind(event, "freeze-order", seq, args);
                break;
            case "UnfreezeEntry":
                bind(event, "unfreeze-order", seq, args);
                break;
            case "SupersedeLog":
                bind(event, "log-succession", seq, args);
                break;
            case "SetStandingReply":
                bind(event, event.hex("terms"), "terms", "standing:" + event.hex("entry"), args, 0,
                        event.hex("entry"));
                break;
            case "ApplyFor":
                bindApplications(event);
                break;
            case "Reply":
            case "Change":
                long number = event.number("authorisation");
                String object = "authorisation:" + number;
                bind(event, event.hex("digest"), event.struct.equals("Reply") ? "reply" : "change",
                        object, args, number, null);
                bind(event, event.hex("terms"), "terms", object, args, number, null);
                break;
            case "Step":
                long step = event.number("step");
                boolean protective = step == 14 || step == 17 || step == 24;
                long on = event.number("authorisation");
                bind(event, event.hex("digest"), "step",
                        protective ? seq : "authorisation:" + on, args, on, null);
                break;
            default:
                // ListContract and RegisterLog have no document.
        }
    }

    private void bind(Decisions.Event event, String kind, String object, Map<String, Object> struct) {
        bind(event, event.hex("digest"), kind, object, struct, 0, null);
    }

    private void bind(Decisions.Event event, String digest, String kind, String object,
            Map<String, Object> struct, long authorisation, String entry) {
        if (bundle.documents.containsKey(digest)) {
            bound.add(new Bound(
                    event, ledger.acting, digest, kind, object, struct, authorisation, entry));
        }
    }

    private void bindVersions(Decisions.Event event) {
        List<Object> rows = Papers.list(event.args.get("versions"));
        List<Object> entries = Papers.list(event.args.get("entries"));
        for (int at = 0; at < rows.size(); at++) {
            Map<String, Object> struct = new HashMap<>(Papers.map(rows.get(at)));
            struct.put("department", event.hex("department"));
            String object = "entry:" + entries.get(at) + ":" + struct.get("version");
            bind(event, (String) struct.get("digest"), "catalogue-version", object, struct, 0, null);
        }
    }

    private void bindApplications(Decisions.Event event) {
        long number = event.number("first");
        for (Object row : Papers.list(event.args.get("applications"))) {
            Map<String, Object> struct = new HashMap<>(Papers.map(row));
            struct.put("department", event.hex("department"));
            String object = "authorisation:" + number;
            bind(event, (String) struct.get("digest"), "application", object, struct, number, null);
            bind(event, (String) struct.get("terms"), "terms", object, struct, number, null);
            number++;
        }
    }

    /** Check that every document is well-formed and agrees with a decision that names it. */
    private void verifyDocuments() {
        Map<String, Map<String, Object>> parsed = new HashMap<>();
        for (Map.Entry<String, byte[]> each : bundle.documents.entrySet()) {
            String where = "document " + each.getKey();
            parsed.put(each.getKey(), Papers.parse(each.getValue(), where));
        }
        Map<String, String> failed = new LinkedHashMap<>();
        Set<String> settled = new HashSet<>();
        // What names items means something only beside the pinned version: versions come first.
        for (boolean needs : new boolean[] {false, true}) {
            for (Bound each : bound) {
                boolean onItems = Arrays.asList("application", "reply", "change").contains(each.kind);
                if (onItems != needs) {
                    continue;
                }
                String differing = differing(each, parsed.get(each.digest));
                if (differing == null) {
                    papers.put(each.object + " " + each.digest, parsed.get(each.digest));
                    settled.add(each.digest);
                } else {
                    failed.putIfAbsent(each.digest, each.place + " " + differing);
                }
            }
        }
        for (String digest : bundle.documents.keySet()) {
            require(settled.contains(digest), "document " + digest,
                    failed.getOrDefault(digest, "no decision names it"));
        }
    }

    private String differing(Bound each, Map<String, Object> paper) {
        if (!each.kind.equals(paper.get("type"))) {
            return "type";
        }
        Map<String, Object> version = null;
        if (each.authorisation != 0) {
            Authorisations.Authorisation one = ledger.authorisations.all.get(each.authorisation);
            version = versionPaper(one.entry, one.version);
        }
        String field = Derived.differing(paper, each.struct, version);
        if (field != null) {
            return field;
        }
        Set<String> parties = parties(each);
        for (String named : named(paper)) {
            if (!parties.contains(named)) {
                return "parties";
            }
        }
        return null;
    }

    private Map<String, Object> versionPaper(String entry, int version) {
        Catalogue.Version found = ledger.catalogue.entries.get(entry).versions.get(version);
        return papers.get("entry:" + entry + ":" + version + " " + found.digest);
    }

    /** The departments a restricted document names as parties. */
    private static Set<String> named(Map<String, Object> paper) {
        List<Object> codes = new ArrayList<>();
        switch ((String) paper.get("type")) {
            case "officer-key":
                codes.add(paper.get("department"));
                break;
            case "application":
                codes.add(paper.get("department"));
                codes.add(Papers.map(paper.get("entry")).get("department"));
                break;
            case "reply":
            case "step":
            case "change":
                codes.addAll(Papers.map(paper.get("parties")).values());
                break;
            case "terms":
                codes.add(paper.get("provider"));
                codes.add(paper.get("consumer"));
                break;
            default:
        }
        Set<String> named = new HashSet<>();
        for (Object code : codes) {
            if (code != null) {
                named.add(Derived.department(code));
            }
        }
        return named;
    }

    /** Whom an object concerns: who decided, those behind it, and who is competent for them. */
    private Set<String> parties(Bound each) {
        Set<String> behind = new HashSet<>(Collections.singleton(each.acted));
        if (each.authorisation != 0) {
            Authorisations.Authorisation one = ledger.authorisations.all.get(each.authorisation);
            behind.add(one.provider);
            behind.add(one.consumer);
        } else if (each.entry != null) {
            behind.add(ledger.catalogue.entries.get(each.entry).provider);
        } else if (each.kind.equals("officer-key")) {
            behind.add((String) each.struct.get("holder"));
        }
        Set<String> parties = new HashSet<>(behind);
        for (String department : behind) {
            parties.add(ledger.department(department).competent);
            parties.add(ledger.competentOf(department));
        }
        return parties;
    }

    private void verifyCall() {
        byte[] digest = Bytes.sm3(Bytes.ascii(
                call.group(1) + "\n" + call.group(6) + "\n" + call.group(5)));
        long created = Long.parseLong(call.group(4));
        String event = Bytes.hex(Bytes.concat(Bytes.word(created), Arrays.copyOf(digest, 24)));
        require(event.equals(leaf.event()), "leaf.event", "not the event of the signed text");
        require(event.equals(bundle.event), "claim.event", "the leaf is of another event");
        require(Long.parseLong(call.group(2)) == leaf.authorisation(), "leaf.authorisation",
                "not the signed one");
        Blocks.Header block = headers[(int) leaf.blockNumber()];
        require(leaf.blockHash().equals(Bytes.hex(block.hash)), "leaf.block", "not on the chain");
        require(block.timestamp <= leaf.judged(), "leaf.judged", "before its block");
        long age = leaf.judged() - created;
        require(-60 <= age && age <= CLOCK_SECONDS, "leaf.judged", "not when it was signed");
        Ledger.Key key = ledger.keys.get(call.group(6));
        require(key != null && key.kind == 3, "leaf.base", "of no registered application's key");
        boolean signed = Sm2.verify(key.raw, Bytes.ascii(leaf.base()), unhex(leaf.signature()));
        require(signed, "leaf.signature", "the caller's signature does not hold");
    }

    private Logs.Anchor verifyPlace(Logs.Log log) {
        Checkpoint note = note();
        Tree.verifyInclusion(
                Tree.leafHash(bundle.leaf), bundle.index, note.size, bundle.proof, note.root);
        Logs.Anchor anchor = null;
        Logs.Anchor covering = null;
        for (Logs.Anchor each : log.anchors) {
            anchor = anchor == null && each.size > bundle.index ? each : anchor;
            covering = covering == null && each.size >= note.size ? each : covering;
        }
        require(anchor != null, "headers", "not anchored up to the end");
        if (note.size <= anchor.size) {
            Tree.verifyConsistency(
                    note.size, note.root, anchor.size, anchor.root, bundle.consistency);
        } else {
            Tree.verifyConsistency(
                    anchor.size, anchor.root, note.size, note.root, bundle.consistency);
        }
        String text = note.origin + "\n" + anchor.size + "\n" + Bytes.base64(anchor.root) + "\n";
        require(Bytes.hex(Bytes.sha256(Bytes.utf8(text))).equals(anchor.checkpointHash),
                "block " + anchor.block, "a checkpointHash of something else");
        require(leaf.blockNumber() <= anchor.block, "leaf.block", "judged after its anchor");
        require(leaf.at() / 1000 <= anchor.time + CLOCK_SECONDS, "leaf.at", "after its anchor");
        Blocks.Header last = headers[headers.length - 1];
        verifyNote(note, log, covering == null ? last.number : covering.block,
                covering == null ? last.timestamp : covering.time);
        return anchor;
    }

    /** Find the department's key whose two signatures the checkpoint carries. */
    private void verifyNote(Checkpoint note, Logs.Log log, long until, long at) {
        String problem = "no department key's document is there";
        for (Map.Entry<String, Ledger.Key> each : ledger.keys.entrySet()) {
            Ledger.Key key = each.getValue();
            boolean fits = key.kind == 2 && key.holder.equals(log.department)
                    && (!key.revoked || key.revokedBlock > until) && !Ledger.before(at, key.from)
                    && Ledger.before(leaf.at() / 1000, key.until);
            Map<String, Object> paper = fits ? keyPaper(each.getKey()) : null;
            if (paper == null) {
                continue;
            }
            try {
                byte[] ed25519 = unhex((String) paper.get("ed25519"));
                note.verify(new LogKeys.Pair(key.raw, ed25519));
                problem = leaf.digest("custody").equals(paper.get("custody")) ? null
                        : "another custody than the leaf's";
                break;
            } catch (LedgerException error) {
                problem = error.getMessage();
            }
        }
        require(problem == null, "checkpoint", problem);
    }

    private Map<String, Object> keyPaper(String id) {
        for (Bound each : bound) {
            Map<String, Object> paper = papers.get("key:" + id + " " + each.digest);
            if (paper != null && each.object.equals("key:" + id)) {
                return paper;
            }
        }
        return null;
    }

    private void verifyRequest() {
        if (bundle.request == null) {
            return;
        }
        String digest = Bytes.base64(Bytes.sm3(bundle.request));
        require(digest.equals(call.group(3)), "request", "not the body that was signed");
        if (!leaf.outcome().equals(Leaf.SERVED)) {
            return;
        }
        Map<String, Object> body =
                Json.object(Json.parse(bundle.request, "evidence-invalid"), "evidence-invalid");
        String purpose = Json.text(body.get("purpose"), "evidence-invalid");
        require(Derived.codeHash(purpose).equals(judged.purpose), "request", "another purpose");
        List<Object> items = Json.list(body.get("items"), "evidence-invalid");
        for (Object item : items) {
            Json.text(item, "evidence-invalid");
        }
        Map<String, Object> version = versionPaper(judged.entry, judged.version);
        if (version != null) {
            BigInteger asked = new BigInteger(leaf.items(), 16);
            require(Derived.bitmap(version, items).equals(asked), "request", "other items");
        }
    }
}
