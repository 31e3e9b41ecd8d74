package shareledger.client;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * The ledger as its events make it, and the rules every event must have kept (docs/evidence.md 3.4):
 * who may decide, and the registry's own decisions. Ids are hex, times unsigned seconds.
 */
final class Ledger {
    static final String ZERO = Bytes.hex(new byte[32]);
    static final int OFFICE_HEAD = 2;
    static final int HEAD = 4;
    static final int REVIEWER = 8;
    static final int DUTY = 32;
    static final int ACTIVE = 1;
    private static final long NOTICE_SECONDS = 604_800;
    private static final long NO_END = -1;
    private static final int LEVELS = 8;

    /** One who may decide: a department, through a key that holds any of {@code roles} in it. */
    static final class Mandate {
        final String department;
        final int roles;
        final boolean evenInactive;

        Mandate(String department, int roles) {
            this(department, roles, false);
        }

        Mandate(String department, int roles, boolean evenInactive) {
            this.department = department;
            this.roles = roles;
            this.evenInactive = evenInactive;
        }
    }

    static final class Department {
        String parent;
        String competent;
        int status = ACTIVE;
        boolean screening;
        boolean mayEnrol;
    }

    static final class Key {
        String holder;
        int kind;
        long from;
        long until;
        boolean revoked;
        /** The block that revoked it; only where {@code revoked}. */
        long revokedBlock;
        byte[] raw;
        String person;

        boolean isInForce(long time) {
            return !revoked && !before(time, from) && before(time, until);
        }
    }

    private static final class Role {
        int roles;
        long from;
        long until;
    }

    final long chainId;
    final String registry;
    private final byte[] rootKey;
    final Map<String, Department> departments = new HashMap<>();
    final Map<String, Key> keys = new HashMap<>();
    private final Map<String, Role> roles = new HashMap<>();
    private final Map<String, String> persons = new HashMap<>();
    /** Application to its department. */
    final Map<String, String> applications = new HashMap<>();
    /** Name, padded, to address: one for good. */
    private final Map<String, String> contracts = new HashMap<>();
    final Map<String, String> addresses;
    private final Set<String> spent = new HashSet<>();
    private final Map<String, Long> sequences = new HashMap<>();
    private String root;
    final Catalogue catalogue = new Catalogue(this);
    final Authorisations authorisations = new Authorisations(this);
    final Logs logs = new Logs(this);
    /** The event at hand. */
    Decisions.Event event;
    private byte[] text;
    /** Department for which it was decided. */
    String acting;

    Ledger(TrustFile trust, Map<String, String> addresses) {
        this.chainId = trust.chainId;
        this.registry = trust.registry;
        this.rootKey = trust.rootKey;
        this.addresses = addresses;
    }

    static boolean before(long one, long other) {
        return Long.compareUnsigned(one, other) < 0;
    }

    void require(boolean holds, String problem) {
        Evidence.require(holds, event.place, problem);
    }

    void requireDigest(String digest) {
        require(!digest.equals(ZERO), "no document is named");
    }

    /** Apply an event; refuse what the contract cannot have emitted. */
    void apply(Decisions.Event next) {
        event = next;
        acting = null;
        long expected = sequences.getOrDefault(event.contract, 0L) + 1;
        require(event.number("seq") == expected, "seq is not " + expected);
        sequences.put(event.contract, expected);
        text = event.struct == null ? null
                : Decisions.signedText(event, chainId, addresses.get(event.contract));
        switch (event.contract) {
            case "DepartmentRegistry":
                registry();
                break;
            case "CatalogueRegistry":
                catalogue.apply();
                break;
            case "ShareAuthorisations":
                authorisations.apply();
                break;
            default:
                logs.apply();
        }
    }

    /** Accept a decision that any of the mandates may take; return the first that covers its key. */
    int accept(Mandate... mandates) {
        spend();
        Key key = liveOfficer(event.hex("signingKey"));
        int index = 0;
        while (index < mandates.length && (held(mandates[index].department, event.hex("signingKey"))
                & mandates[index].roles) == 0) {
            index++;
        }
        require(index < mandates.length, "the key holds none of the roles");
        Mandate mandate = mandates[index];
        // Not passed over for a later one, save that a provider may suspend even then.
        require(mandate.evenInactive || isActive(mandate.department), "its department is not active");
        acting = mandate.department;
        requireSigned(key.raw, "r", "s");
        return index;
    }

    private void spend() {
        long latest = event.time + NOTICE_SECONDS;
        long notAfter = event.number("notAfter");
        require(!before(notAfter, event.time) && !before(latest, notAfter), "notAfter");
        String nonce = event.contract + event.hex("signingKey") + event.args.get("nonce");
        require(spent.add(nonce), "the nonce was used before");
    }

    Key liveOfficer(String id) {
        Key key = keys.get(id);
        require(key != null && key.kind == 1 && key.isInForce(event.time), "not a live officer's key");
        return key;
    }

    private void requireSigned(byte[] raw, String r, String s) {
        byte[] signature = Bytes.concat(
                Decisions.uint((BigInteger) event.args.get(r)),
                Decisions.uint((BigInteger) event.args.get(s)));
        require(Sm2.verify(raw, text, signature), "the SM2 signature does not hold");
    }

    private int held(String department, String key) {
        Role role = roles.get(department + key);
        boolean now = role != null && !before(event.time, role.from) && before(event.time, role.until);
        return now ? role.roles : 0;
    }

    boolean isActive(String department) {
        Department found = departments.get(department);
        return found != null && found.status == ACTIVE;
    }

    Department department(String id) {
        Department found = departments.get(id);
        require(found != null, "the department is not enrolled");
        return found;
    }

    /** Who acts as a department's competent one: the first active one from there up. */
    String competentOf(String id) {
        return actingFor(department(id).competent);
    }

    String actingFor(String id) {
        String at = id;
        while (!isActive(at) && !department(at).competent.equals(at)) {
            at = department(at).competent;
        }
        return at;
    }

    boolean isScreened(String id) {
        return department(department(id).competent).screening;
    }

    /** The lowest department that is competent, however far up, for both. */
    String commonSuperior(String one, String other) {
        String above = department(one).competent;
        for (int up = 0; up < LEVELS; up++) {
            String at = other;
            for (int level = 0; level < LEVELS; level++) {
                at = department(at).competent;
                if (at.equals(above)) {
                    return actingFor(above);
                }
            }
            above = department(above).competent;
        }
        return root;
    }

    private void registry() {
        switch (event.name) {
            case "DepartmentEnrolled":
                enrol();
                break;
            case "DepartmentUpdated":
                update();
                break;
            case "DepartmentStatusSet":
                setStatus();
                break;
            case "KeyAdded":
                addKey();
                break;
            case "KeyRecovered":
                recover();
                break;
            case "KeyRevoked":
                revoke();
                break;
            case "RolesGranted":
                grantRoles();
                break;
            case "ApplicationRegistered":
                accept(new Mandate(event.hex("department"), OFFICE_HEAD));
                String application = Bytes.hex(Bytes.keccak(Evidence.unhex(event.hex("department")),
                        Evidence.unhex(event.hex("codeHash"))));
                require(application.equals(event.hex("application")), "not the application's id");
                require(applications.put(application, event.hex("department")) == null, "known");
                break;
            default:
                accept(new Mandate(root, HEAD));
                require(contracts.put(event.hex("name"), event.hex("contractAddress")) == null,
                        "the name is listed already");
        }
    }

    private void enrol() {
        String id = event.hex("department");
        byte[] code = Evidence.unhex(id);
        for (int at = 0; at < 32; at++) {
            boolean sign = code[at] >= '0' && code[at] <= '9' || code[at] >= 'A' && code[at] <= 'Z';
            require(at < 18 ? sign : code[at] == 0, "not a department's code");
        }
        require(between("kind", 5) && between("level", 5), "kind or level");
        String competent = event.hex("competent");
        if (root == null) {
            boolean own = event.hex("parent").equals(id) && competent.equals(id);
            require(own && event.flag("mayEnrol"), "the root is its own parent and may enrol");
            spend();
            require(event.hex("signingKey").equals(Bytes.hex(Bytes.keccak(rootKey))), "the root key");
            requireSigned(rootKey, "r", "s");
            acting = id;
            root = id;
        } else {
            accept(new Mandate(competent, HEAD));
            require(!departments.containsKey(id), "enrolled already");
            requireMayEnrol(competent);
            boolean under = event.hex("parent").equals(competent)
                    || department(event.hex("parent")).competent.equals(competent);
            require(under, "the parent is not under the competent department");
            requireUnderRoot(id, competent);
        }
        Department added = new Department();
        added.parent = event.hex("parent");
        added.competent = competent;
        added.screening = event.flag("screening");
        added.mayEnrol = event.flag("mayEnrol");
        departments.put(id, added);
        headKey(id, 0);
    }

    private boolean between(String member, int most) {
        long value = event.number(member);
        return value >= 1 && value <= most;
    }

    private void requireMayEnrol(String id) {
        require(isActive(id) && department(id).mayEnrol, "it may not enrol");
    }

    private void requireUnderRoot(String id, String competent) {
        String above = competent;
        for (int level = 0; level < LEVELS; level++) {
            require(!above.equals(id), "competence in a circle");
            if (above.equals(root)) {
                return;
            }
            above = department(above).competent;
        }
        require(false, "too far from the root");
    }

    private void headKey(String department, long from) {
        addKey("headX", "headY", "headKey", department, 1, from, NO_END);
        Role role = new Role();
        role.roles = HEAD;
        role.from = from;
        role.until = NO_END;
        roles.put(department + event.hex("headKey"), role);
    }

    private void addKey(
            String x, String y, String id, String holder, int kind, long from, long until) {
        byte[] raw = Bytes.concat(Decisions.uint((BigInteger) event.args.get(x)),
                Decisions.uint((BigInteger) event.args.get(y)));
        String hash = Bytes.hex(Bytes.keccak(raw));
        require(hash.equals(event.hex(id)) && !keys.containsKey(hash), "not a new key's id");
        try {
            Sm2.publicKey(raw, "malformed-key");
        } catch (LedgerException error) {
            throw Evidence.refuse(event.place, "the new key is no point of the curve");
        }
        String person = event.hex("person");
        if (kind == 1) {
            boolean ours = !person.equals(ZERO) && holder.equals(persons.getOrDefault(person, holder));
            require(ours, "the person is another department's, or none");
            persons.put(person, holder);
        } else {
            require(person.equals(ZERO), "a person with a key that is no officer's");
        }
        requireSigned(raw, "possessionR", "possessionS");
        Key key = new Key();
        key.holder = holder;
        key.kind = kind;
        key.from = from;
        key.until = until;
        key.raw = raw;
        key.person = person;
        keys.put(hash, key);
    }

    private void update() {
        String id = event.hex("department");
        Department found = department(id);
        String competent = event.hex("competent");
        boolean paperOnly = competent.equals(found.competent)
                && event.flag("screening") == found.screening
                && event.flag("mayEnrol") == found.mayEnrol;
        accept(new Mandate(paperOnly ? id : competentOf(id), HEAD));
        requireDigest(event.hex("digest"));
        require(found.status != 3, "closed");
        boolean kept = competent.equals(found.competent) && event.flag("mayEnrol") == found.mayEnrol;
        require(!id.equals(root) || kept, "the root keeps what it is");
        if (event.flag("mayEnrol") && !found.mayEnrol) {
            requireMayEnrol(competentOf(id));
        }
        if (!competent.equals(found.competent)) {
            requireMayEnrol(competent);
            requireUnderRoot(id, competent);
        }
        found.competent = competent;
        found.screening = event.flag("screening");
        found.mayEnrol = event.flag("mayEnrol");
    }

    private void setStatus() {
        String id = event.hex("department");
        Department found = department(id);
        String competent = competentOf(id);
        accept(new Mandate(competent, HEAD));
        require(event.hex("competent").equals(competent), "another competent department");
        int status = (int) event.number("status");
        require(between("status", 3) && status != found.status && found.status != 3, "the status");
        require(!id.equals(root), "the root stays active");
        if (status != 2) {
            requireDigest(event.hex("digest"));
        }
        if (status == 3) {
            for (Map.Entry<String, Department> each : departments.entrySet()) {
                boolean depends = !each.getKey().equals(id) && each.getValue().status != 3
                        && each.getValue().competent.equals(id);
                require(!depends, "departments depend on it");
            }
        }
        found.status = status;
    }

    private void addKey() {
        int kind = (int) event.number("kind");
        require(between("kind", 3), "the kind of key");
        String holder = event.hex("holder");
        String owner = kind == 3 ? applications.get(holder) : holder;
        require(owner != null, "the application is not registered");
        department(owner);
        accept(new Mandate(owner, HEAD));
        requirePeriod(NO_END);
        addKey("qx", "qy", "addedKey", holder, kind,
                event.number("validFrom"), event.number("validUntil"));
    }

    void requirePeriod(long latest) {
        requirePeriod(event.number("validFrom"), event.number("validUntil"), latest);
    }

    void requirePeriod(long from, long until, long latest) {
        boolean period = before(from, until) && before(event.time, until) && !before(latest, until);
        require(period, "not a period");
    }

    private void recover() {
        String id = event.hex("department");
        Department found = department(id);
        accept(new Mandate(competentOf(id), HEAD));
        require(found.status != 3, "closed");
        requireDigest(event.hex("digest"));
        long from = event.time + NOTICE_SECONDS;
        require(event.number("validFrom") == from, "validFrom");
        headKey(id, from);
    }

    private void revoke() {
        Key key = keys.get(event.hex("key"));
        require(key != null && !key.revoked, "unknown or revoked already");
        String owner = key.kind == 3 ? applications.get(key.holder) : key.holder;
        accept(new Mandate(owner, HEAD, true));
        key.revoked = true;
        key.revokedBlock = event.block;
    }

    private void grantRoles() {
        accept(new Mandate(event.hex("department"), HEAD));
        long bits = event.number("roles");
        require(bits >>> 6 == 0, "roles that are none");
        if (bits != 0) {
            liveOfficer(event.hex("key"));
            requirePeriod(NO_END);
        }
        Role role = new Role();
        role.roles = (int) bits;
        role.from = event.number("validFrom");
        role.until = event.number("validUntil");
        roles.put(event.hex("department") + event.hex("key"), role);
    }
}
