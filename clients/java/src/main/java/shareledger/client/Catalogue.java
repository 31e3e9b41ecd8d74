package shareledger.client;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Catalogue entries, and the rules of CatalogueRegistry's decisions (docs/evidence.md 3.4). */
final class Catalogue {
    static final int SUBMITTED = 1;
    static final int PUBLISHED = 2;
    static final int RETURNED = 3;
    private static final int UNCONDITIONAL = 1;

    private final Ledger ledger;
    final Map<String, Entry> entries = new HashMap<>();

    static final class Entry {
        String provider;
        int latest;
        int latestState;
        String submitter;
        /** 0: none is in force. */
        int current;
        boolean frozen;
        boolean standing;
        long standingCalls;
        long standingRows;
        String standingTerms = Ledger.ZERO;
        /** The decision that asked to withdraw the current version; null where none is pending. */
        String withdrawal;
        String withdrawer;
        final Map<Integer, Version> versions = new HashMap<>();

        Version inForce() {
            return versions.get(current);
        }
    }

    static final class Version {
        int shareType;
        int itemCount;
        String digest;
    }

    Catalogue(Ledger ledger) {
        this.ledger = ledger;
    }

    Entry entry(String id) {
        Entry found = entries.get(id);
        ledger.require(found != null, "the entry is not known");
        return found;
    }

    private static String person(Ledger.Key key) {
        return key.person.substring(0, 16);
    }

    void apply() {
        Decisions.Event event = ledger.event;
        switch (event.name) {
            case "VersionsSubmitted":
                submit(event);
                break;
            case "VersionsReviewed":
                review(event);
                break;
            case "StandingReplySet":
                standing(event);
                break;
            case "WithdrawalSubmitted":
                withdraw(event);
                break;
            case "WithdrawalReviewed":
                reviewWithdrawal(event);
                break;
            default:
                freeze(event);
        }
    }

    private List<Object> list(Decisions.Event event, String member) {
        List<Object> rows = Json.list(event.args.get(member), "evidence-invalid");
        ledger.require(!rows.isEmpty(), "an empty list");
        return rows;
    }

    private static int number(Map<String, Object> row, String member) {
        return ((java.math.BigInteger) row.get(member)).intValue();
    }

    private void submit(Decisions.Event event) {
        String department = event.hex("department");
        ledger.accept(new Ledger.Mandate(department, Ledger.HEAD));
        List<Object> rows = list(event, "versions");
        List<Object> ids = Json.list(event.args.get("entries"), "evidence-invalid");
        ledger.require(ids.size() == rows.size(), "entries and versions");
        for (int at = 0; at < rows.size(); at++) {
            Map<String, Object> row = Decisions.map(rows.get(at));
            String digest = (String) row.get("digest");
            ledger.requireDigest(digest);
            int type = number(row, "shareType");
            int count = number(row, "itemCount");
            ledger.require(type >= 1 && type <= 3 && count >= 1 && count <= 256, "type or items");
            String id = Bytes.hex(Bytes.keccak(Evidence.unhex(department),
                    Evidence.unhex((String) row.get("codeHash"))));
            ledger.require(id.equals(ids.get(at)), "not the entry's id");
            Entry entry = entries.get(id);
            if (entry == null) {
                entry = new Entry();
                entry.provider = department;
                entries.put(id, entry);
            }
            boolean next = number(row, "version") == entry.latest + 1
                    && entry.latestState != SUBMITTED && entry.withdrawal == null;
            ledger.require(next, "not the next version, or one awaits review");
            Version version = new Version();
            version.shareType = type;
            version.itemCount = count;
            version.digest = digest;
            entry.latest++;
            entry.latestState = SUBMITTED;
            entry.submitter = person(ledger.keys.get(event.hex("signingKey")));
            entry.versions.put(entry.latest, version);
        }
    }

    /** Check that the event's competent department is that of the entry's provider. */
    private void requireCompetent(Decisions.Event event, Entry entry) {
        String competent = ledger.competentOf(entry.provider);
        ledger.require(competent.equals(event.hex("competent")), "another competent department");
    }

    private void review(Decisions.Event event) {
        List<Object> rows = list(event, "reviews");
        ledger.accept(new Ledger.Mandate(event.hex("competent"), Ledger.REVIEWER));
        String reviewer = person(ledger.keys.get(event.hex("signingKey")));
        for (Object each : rows) {
            Map<String, Object> row = Decisions.map(each);
            Entry entry = entry((String) row.get("entry"));
            requireCompetent(event, entry);
            boolean awaits = number(row, "version") == entry.latest && entry.latestState == SUBMITTED;
            ledger.require(awaits, "no version that awaits review");
            Version version = entry.versions.get(entry.latest);
            ledger.require(row.get("subject").equals(version.digest), "another document");
            ledger.require(!reviewer.equals(entry.submitter), "reviewed by who submitted it");
            if ((Boolean) row.get("publish")) {
                entry.latestState = PUBLISHED;
                entry.current = entry.latest;
                if (version.shareType != UNCONDITIONAL) {
                    endStanding(entry);
                }
            } else {
                entry.latestState = RETURNED;
            }
        }
    }

    private static void endStanding(Entry entry) {
        entry.standing = false;
        entry.standingCalls = 0;
        entry.standingRows = 0;
        entry.standingTerms = Ledger.ZERO;
    }

    private void standing(Decisions.Event event) {
        Entry entry = entry(event.hex("entry"));
        ledger.accept(new Ledger.Mandate(entry.provider, Ledger.OFFICE_HEAD));
        boolean fits = entry.current != 0 && entry.inForce().shareType == UNCONDITIONAL;
        ledger.require(fits, "no unconditional version in force");
        boolean quotas = event.number("callsPerDay") > 0 && event.number("rowsPerDay") > 0;
        ledger.require(!event.flag("standing") || quotas, "quotas");
        entry.standing = event.flag("standing");
        entry.standingCalls = event.number("callsPerDay");
        entry.standingRows = event.number("rowsPerDay");
        entry.standingTerms = event.hex("terms");
    }

    private void withdraw(Decisions.Event event) {
        String department = event.hex("department");
        List<Object> rows = list(event, "withdrawals");
        ledger.accept(new Ledger.Mandate(department, Ledger.HEAD));
        ledger.requireDigest(event.hex("digest"));
        for (Object each : rows) {
            Map<String, Object> row = Decisions.map(each);
            Entry entry = entry((String) row.get("entry"));
            ledger.require(entry.provider.equals(department) && !entry.frozen, "not its own, or frozen");
            boolean free = entry.latestState != SUBMITTED && entry.withdrawal == null;
            ledger.require(free, "a version or a withdrawal awaits review");
            boolean current = entry.current != 0 && number(row, "version") == entry.current;
            ledger.require(current, "not the version in force");
            entry.withdrawal = event.hex("digest");
            entry.withdrawer = person(ledger.keys.get(event.hex("signingKey")));
        }
    }

    private void reviewWithdrawal(Decisions.Event event) {
        List<Object> rows = list(event, "reviews");
        ledger.accept(new Ledger.Mandate(event.hex("competent"), Ledger.REVIEWER));
        String reviewer = person(ledger.keys.get(event.hex("signingKey")));
        for (Object each : rows) {
            Map<String, Object> row = Decisions.map(each);
            Entry entry = entry((String) row.get("entry"));
            requireCompetent(event, entry);
            boolean asked = entry.withdrawal != null && number(row, "version") == entry.current;
            ledger.require(asked, "no withdrawal of this version awaits review");
            ledger.require(row.get("subject").equals(entry.withdrawal), "another document");
            ledger.require(!reviewer.equals(entry.withdrawer), "reviewed by who submitted it");
            entry.withdrawal = null;
            entry.withdrawer = null;
            if ((Boolean) row.get("accept")) {
                entry.current = 0;
                endStanding(entry);
            }
        }
    }

    private void freeze(Decisions.Event event) {
        boolean freezes = event.name.equals("FreezeOrdered");
        Entry entry = entry(event.hex("entry"));
        ledger.accept(new Ledger.Mandate(event.hex("competent"),
                freezes ? Ledger.HEAD | Ledger.DUTY : Ledger.HEAD));
        requireCompetent(event, entry);
        ledger.require(entry.frozen != freezes, "frozen already, or not");
        if (!freezes) {
            ledger.requireDigest(event.hex("digest"));
        }
        entry.frozen = freezes;
    }
}
