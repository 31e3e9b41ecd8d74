package shareledger.client;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Share authorisations, and the rules of their decisions (docs/evidence.md 3.4, protocol.md 3.5). */
final class Authorisations {
    static final int APPLIED = 1;
    static final int FORWARDED = 2;
    static final int AGREED = 5;
    static final int REFUSED = 6;
    static final int DELIVERED = 8;
    static final int IN_USE = 9;
    static final int SUSPENDED = 10;
    static final int RECTIFIED = 11;
    static final int TERMINATED = 12;
    private static final int CALLABLE = bits(AGREED, DELIVERED, IN_USE);
    private static final int HALTED = bits(SUSPENDED, RECTIFIED);
    private static final long LATEST = (1L << 40) - 1;
    private static final int CONSUMER = 1;
    private static final int PROVIDER = 2;
    private static final int COMPETENT = 3;
    private static final Step[] STEPS = steps();

    private final Ledger ledger;
    final Map<Long, Authorisation> all = new HashMap<>();
    /** Entry and consumer to the last authorisation that a standing reply agreed to. */
    private final Map<String, Authorisation> standing = new HashMap<>();
    private long count;

    static final class Authorisation {
        String consumer;
        String provider;
        String entry;
        String application;
        String purpose;
        int version;
        int itemCount;
        boolean unconditional;
        BigInteger items;
        int mode;
        long from;
        long until;
        long calls;
        long rows;
        String terms;
        /** Digest of the latest document. */
        String subject;
        int state;
        int prior;
        int suspendedBy;
        int revision = 1;
        /** Steps done that are done once, by step and side. */
        String done = "";
        /** Terms that are proposed, and by which side; null where none are. */
        String proposed;
        int proposer;

        boolean isCallable() {
            return (CALLABLE >> state & 1) == 1;
        }
    }

    /** A row of the table of protocol.md 3.5. */
    private static final class Step {
        final int origins;
        final int ended;
        final int target;
        final int consumer;
        final int provider;
        final int competent;
        final String flags;

        Step(int origins, int ended, int target, int consumer, int provider, int competent,
                String flags) {
            this.origins = origins;
            this.ended = ended;
            this.target = target;
            this.consumer = consumer;
            this.provider = provider;
            this.competent = competent;
            this.flags = " " + flags + " ";
        }

        boolean is(String flag) {
            return flags.contains(" " + flag + " ");
        }
    }

    private static int bits(int... states) {
        int bits = 0;
        for (int state : states) {
            bits |= 1 << state;
        }
        return bits;
    }

    private static Step[] steps() {
        int office = Ledger.OFFICE_HEAD;
        int head = Ledger.HEAD;
        int duty = Ledger.DUTY;
        int reviewer = Ledger.REVIEWER;
        int open = bits(APPLIED, FORWARDED);
        int served = CALLABLE | HALTED;
        Step[] rows = new Step[25];
        rows[1] = new Step(bits(APPLIED), 0, FORWARDED, 0, 0, reviewer, "screening");
        rows[2] = new Step(bits(APPLIED), 0, 3, 0, 0, reviewer, "screening");
        rows[3] = new Step(open, 0, 4, 0, office, reviewer, "digest keeps eachSide");
        rows[4] = new Step(bits(4), 0, 0, office, 0, 0, "digest back");
        rows[5] = new Step(open, 0, 0, 0, office, 0, "digest asks");
        rows[6] = new Step(open, 0, 0, 0, 0, head, "answers");
        rows[7] = new Step(open, 0, 0, 0, 0, head, "answers");
        rows[8] = new Step(open | bits(4), 0, 7, office, 0, 0, "");
        rows[9] = new Step(bits(AGREED), 0, DELIVERED, 0, office, 0, "");
        rows[10] = new Step(bits(DELIVERED), 0, IN_USE, office, 0, 0, "");
        rows[11] = new Step(CALLABLE, 0, 0, office, office, 0, "terms");
        rows[12] = new Step(CALLABLE, 0, 0, office, office, 0, "terms closes otherSide");
        rows[13] = new Step(CALLABLE, 0, 0, office, office, 0, "closes");
        rows[14] = new Step(CALLABLE, 0, SUSPENDED, 0, office | duty, head | duty,
                "protective keeps suspends evenInactive");
        rows[15] = new Step(bits(SUSPENDED), 0, RECTIFIED, office, 0, 0, "");
        rows[16] = new Step(HALTED, 0, 0, 0, office, head, "back bySuspender");
        rows[17] = new Step(HALTED, 0, TERMINATED, 0, office, head, "protective");
        rows[18] = new Step(CALLABLE, 0, 0, 0, office, 0, "digest ends");
        rows[19] = new Step(served, 0, TERMINATED, office, 0, 0, "");
        rows[20] = new Step(bits(TERMINATED), served, 13, office, 0, 0, "digest");
        rows[21] = new Step(bits(13), 0, 14, 0, office, 0, "");
        rows[22] = new Step(bits(13), 0, TERMINATED, 0, office, 0, "digest");
        rows[23] = new Step(bits(REFUSED, AGREED, SUSPENDED, TERMINATED), 0, 0, 0, 0, head,
                "digest rules");
        rows[24] = new Step(HALTED, 0, SUSPENDED, 0, 0, head | duty, "protective suspends fromProvider");
        return rows;
    }

    Authorisations(Ledger ledger) {
        this.ledger = ledger;
    }

    void apply() {
        Decisions.Event event = ledger.event;
        switch (event.name) {
            case "Applied":
                applied(event);
                break;
            case "Replied":
                replied(event);
                break;
            case "Advanced":
                advanced(event);
                break;
            default:
                changed(event);
        }
    }

    private static long number(Map<String, Object> row, String member) {
        return ((BigInteger) row.get(member)).longValue();
    }

    private void applied(Decisions.Event event) {
        String department = event.hex("department");
        List<Object> rows = Json.list(event.args.get("applications"), "evidence-invalid");
        List<Object> states = Json.list(event.args.get("states"), "evidence-invalid");
        ledger.require(!rows.isEmpty() && states.size() == rows.size(), "applications and states");
        ledger.accept(new Ledger.Mandate(department, Ledger.OFFICE_HEAD));
        ledger.require(event.number("first") == count + 1, "first is not the next number");
        for (int at = 0; at < rows.size(); at++) {
            int state = apply(department, Decisions.map(rows.get(at)), ++count);
            ledger.require(((BigInteger) states.get(at)).intValue() == state, "another state");
        }
    }

    private int apply(String department, Map<String, Object> row, long number) {
        ledger.requireDigest((String) row.get("digest"));
        boolean own = department.equals(ledger.applications.get(row.get("application")));
        ledger.require(own, "not an application of the department");
        Catalogue.Entry entry = ledger.catalogue.entry((String) row.get("entry"));
        ledger.require(ledger.isActive(entry.provider) && !entry.frozen, "provider or entry");
        boolean current = entry.current != 0 && number(row, "version") == entry.current;
        ledger.require(current, "not the version in force");
        Catalogue.Version version = entry.inForce();
        long mode = number(row, "mode");
        ledger.require(mode >= 1 && mode <= 4 && version.shareType != 3, "mode or share type");
        requireItems((BigInteger) row.get("items"), version.itemCount);
        requireQuotas(row);
        ledger.requirePeriod(number(row, "validFrom"), number(row, "validUntil"), LATEST);
        Authorisation one = new Authorisation();
        one.consumer = department;
        one.provider = entry.provider;
        one.entry = (String) row.get("entry");
        one.application = (String) row.get("application");
        one.purpose = (String) row.get("purpose");
        one.version = entry.current;
        one.itemCount = version.itemCount;
        one.unconditional = version.shareType == 1;
        one.mode = (int) mode;
        take(one, row);
        one.subject = (String) row.get("digest");
        one.state = APPLIED;
        Authorisation last = standing.get(one.entry + department);
        boolean free = last == null || day(ledger.event.time) > day(last.until - 1);
        if (one.unconditional && entry.standing && one.terms.equals(entry.standingTerms) && free) {
            one.state = AGREED;
            one.calls = Math.min(one.calls, entry.standingCalls);
            one.rows = Math.min(one.rows, entry.standingRows);
            standing.put(one.entry + department, one);
        }
        all.put(number, one);
        return one.state;
    }

    /** The day of Asia/Shanghai. */
    private static long day(long second) {
        return Math.floorDiv(second + 28_800, 86_400);
    }

    private void requireItems(BigInteger items, int itemCount) {
        boolean fits = items.signum() > 0 && items.bitLength() <= itemCount;
        ledger.require(fits, "items the version does not have");
    }

    private void requireQuotas(Map<String, Object> row) {
        boolean fits = number(row, "callsPerDay") > 0 && number(row, "rowsPerDay") > 0;
        ledger.require(fits, "quotas");
    }

    private static void take(Authorisation one, Map<String, Object> row) {
        one.items = (BigInteger) row.get("items");
        one.from = number(row, "validFrom");
        one.until = number(row, "validUntil");
        one.calls = number(row, "callsPerDay");
        one.rows = number(row, "rowsPerDay");
        one.terms = (String) row.get("terms");
    }

    private Authorisation one(Decisions.Event event) {
        Authorisation found = all.get(event.number("authorisation"));
        ledger.require(found != null, "no authorisation of that number");
        return found;
    }

    private void replied(Decisions.Event event) {
        Authorisation one = one(event);
        ledger.accept(new Ledger.Mandate(one.provider, Ledger.OFFICE_HEAD));
        ledger.requireDigest(event.hex("digest"));
        boolean answerable = one.state == FORWARDED
                || one.state == APPLIED && !ledger.isScreened(one.provider);
        ledger.require(answerable, "not to be answered in this state");
        ledger.require(event.hex("subject").equals(one.subject), "another document");
        long answer = event.number("answer");
        ledger.require(answer >= 1 && answer <= 3 && (!one.unconditional || answer == 1), "the answer");
        BigInteger items = (BigInteger) event.args.get("items");
        boolean within = items.andNot(one.items).signum() == 0;
        boolean fits = answer == 1 ? items.equals(one.items)
                : answer == 2 ? items.signum() > 0 && !items.equals(one.items) && within
                : items.signum() == 0;
        ledger.require(fits, "items that do not fit the answer");
        one.state = REFUSED;
        if (answer != 3) {
            ledger.require(event.number("mode") == one.mode, "another mode");
            ledger.requirePeriod(LATEST);
            boolean inside = !Ledger.before(event.number("validFrom"), one.from)
                    && !Ledger.before(one.until, event.number("validUntil"));
            ledger.require(inside, "a wider period");
            requireQuotas(event.args);
            boolean less = event.number("callsPerDay") <= one.calls
                    && event.number("rowsPerDay") <= one.rows;
            ledger.require(less, "larger quotas");
            take(one, event.args);
            one.state = AGREED;
        }
        one.subject = event.hex("digest");
        ledger.require(event.number("state") == one.state, "another state");
    }

    private Step step(Decisions.Event event, boolean terms) {
        long step = event.number("step");
        boolean known = step >= 1 && step <= 24 && STEPS[(int) step].is("terms") == terms;
        ledger.require(known, "not such a step");
        return STEPS[(int) step];
    }

    private int accept(Authorisation one, Step step) {
        boolean consumer = !step.is("otherSide") || one.proposer != CONSUMER;
        boolean provider = (!step.is("otherSide") || one.proposer != PROVIDER)
                && (!step.is("bySuspender") || one.suspendedBy == PROVIDER);
        String superior = step.is("rules")
                ? ledger.commonSuperior(one.consumer, one.provider) : one.provider;
        return 1 + ledger.accept(
                new Ledger.Mandate(one.consumer, consumer ? step.consumer : 0),
                new Ledger.Mandate(
                        one.provider, provider ? step.provider : 0, step.is("evenInactive")),
                new Ledger.Mandate(ledger.competentOf(one.provider), step.competent),
                new Ledger.Mandate(superior, step.is("rules") ? step.competent : 0));
    }

    private void requireFrom(Authorisation one, Step step, Decisions.Event event) {
        boolean over = !Ledger.before(event.time, one.until);
        int origins = step.origins | (over ? step.ended : 0);
        ledger.require((origins >> one.state & 1) == 1, "not from this state");
        ledger.require(event.number("revision") == one.revision, "another revision");
    }

    private void advanced(Decisions.Event event) {
        Authorisation one = one(event);
        Step step = step(event, false);
        int number = (int) event.number("step");
        int side = accept(one, step);
        requireFrom(one, step, event);
        ledger.require(!step.is("screening") || ledger.isScreened(one.provider), "not screened");
        ledger.require(!step.is("fromProvider") || one.suspendedBy == PROVIDER, "not the provider's");
        String subject = step.is("protective") ? Ledger.ZERO : one.subject;
        ledger.require(event.hex("subject").equals(subject), "another document");
        if (step.is("digest")) {
            ledger.requireDigest(event.hex("digest"));
        }
        int outcome = (int) event.number("outcome");
        ledger.require(step.is("rules") ? mayRule(one, outcome) : outcome == 0, "the outcome");
        long effective = event.number("effective");
        boolean later = Ledger.before(event.time, effective);
        ledger.require(step.is("ends") ? later : effective == 0, "effective");
        ledger.require(!step.is("closes") || one.proposed != null, "no change is open");
        once(one, step, number, side);
        move(one, step, side, outcome);
        if (step.is("ends") && Ledger.before(effective, one.until)) {
            one.until = effective;
        }
        if (!event.hex("digest").equals(Ledger.ZERO) && !step.is("protective")) {
            one.subject = event.hex("digest");
        }
        ledger.require(event.number("state") == one.state, "another state");
    }

    private static boolean mayRule(Authorisation one, int outcome) {
        switch (one.state) {
            case REFUSED:
                return outcome == FORWARDED || outcome == REFUSED;
            case AGREED:
                return outcome == AGREED || outcome == SUSPENDED || outcome == TERMINATED;
            case SUSPENDED:
                return outcome == SUSPENDED || outcome == TERMINATED
                        || outcome != 0 && outcome == one.prior;
            default:
                return outcome == TERMINATED;
        }
    }

    private void once(Authorisation one, Step step, int number, int side) {
        String mark = step.is("eachSide") ? "[3 by " + side + "]" : step.is("asks") ? "[5]"
                : step.is("answers") ? "[6 or 7]" : null;
        if (mark != null) {
            ledger.require(number == 3 || number == 5 || one.done.contains("[5]"), "nobody asked");
            ledger.require(!one.done.contains(mark), "done before");
            one.done += mark;
        }
    }

    private static void move(Authorisation one, Step step, int side, int outcome) {
        int before = one.state;
        int state = step.target == 0 ? before : step.target;
        if (step.is("keeps")) {
            one.prior = before;
        }
        if (step.is("suspends")) {
            one.suspendedBy = side;
        }
        if (step.is("back")) {
            state = one.prior;
        }
        if (step.is("rules")) {
            state = outcome;
            if (state == SUSPENDED && before != SUSPENDED) {
                one.prior = before;
                one.suspendedBy = COMPETENT;
            }
        }
        if (state != SUSPENDED && state == one.prior) {
            // Back where it was: nothing of the interruption is left.
            one.prior = 0;
            one.suspendedBy = 0;
        }
        one.state = state;
        if (step.is("closes") || !one.isCallable()) {
            one.proposed = null;
            one.proposer = 0;
        }
    }

    private void changed(Decisions.Event event) {
        Authorisation one = one(event);
        Step step = step(event, true);
        int side = accept(one, step);
        requireFrom(one, step, event);
        ledger.require(event.hex("subject").equals(one.subject), "another document");
        ledger.requireDigest(event.hex("digest"));
        String terms = "";
        for (String member : new String[] {
            "items", "validFrom", "validUntil", "callsPerDay", "rowsPerDay", "terms"}) {
            terms += event.args.get(member) + " ";
        }
        boolean accepts = step.is("closes");
        ledger.require(accepts ? terms.equals(one.proposed) : one.proposed == null,
                accepts ? "not the terms that were proposed" : "a change is open");
        requireItems((BigInteger) event.args.get("items"), one.itemCount);
        requireQuotas(event.args);
        ledger.requirePeriod(LATEST);
        one.proposed = accepts ? null : terms;
        one.proposer = accepts ? 0 : side;
        if (accepts) {
            take(one, event.args);
            one.revision++;
        }
        one.subject = event.hex("digest");
        boolean told = event.number("state") == one.state && event.number("newRevision") == one.revision;
        ledger.require(told, "another state or revision");
    }
}
