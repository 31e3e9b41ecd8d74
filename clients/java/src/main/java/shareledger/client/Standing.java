package shareledger.client;

import java.math.BigInteger;

/**
 * What a call by one key under one authorisation is judged by, as it stood after a block, and what the
 * ledger alone says to the call (docs/evidence.md 3.8, 3.9).
 */
final class Standing {
    private final boolean keyIsLive;
    private final boolean isOwn;
    private final String provider;
    private final boolean suspended;
    private final boolean frozen;
    private final Authorisations.Authorisation one;
    private final int state;
    private final int mode;
    private final long from;
    private final long until;
    private final long revision;
    private final BigInteger items;
    final String entry;
    final int version;
    final String purpose;
    /** Equal where nothing the call is judged by changed. */
    final String whole;

    Standing(Ledger ledger, long authorisation, String keyId, long judged) {
        Ledger.Key key = ledger.keys.get(keyId);
        one = ledger.authorisations.all.get(authorisation);
        boolean application = key != null && key.kind == 3;
        keyIsLive = application && key.isInForce(judged);
        isOwn = application && one != null && key.holder.equals(one.application);
        String shown = key == null ? "" : key.holder + key.kind + " " + key.from + " " + key.until
                + key.revoked;
        if (one == null) {
            provider = entry = purpose = null;
            suspended = frozen = false;
            state = mode = version = 0;
            from = until = revision = 0;
            items = BigInteger.ZERO;
        } else {
            provider = one.provider;
            entry = one.entry;
            purpose = one.purpose;
            version = one.version;
            suspended = !ledger.isActive(one.provider) || !ledger.isActive(one.consumer);
            frozen = ledger.catalogue.entries.get(one.entry).frozen;
            state = one.state;
            mode = one.mode;
            from = one.from;
            until = one.until;
            revision = one.revision;
            items = one.items;
            shown += one.application + entry + version + " " + revision + " " + state + " " + items
                    + purpose + mode + " " + from + " " + until + frozen
                    + ledger.departments.get(one.provider).status
                    + ledger.departments.get(one.consumer).status;
        }
        whole = shown;
    }

    /** The first code that the ledger alone gives the call; null where it permits it. */
    private String refusal(String department, long judged) {
        if (!isOwn || !provider.equals(department)) {
            return "authorisation-unknown";
        }
        if (suspended) {
            return "department-suspended";
        }
        if (frozen) {
            return "entry-frozen";
        }
        boolean callable = state == Authorisations.AGREED || state == Authorisations.DELIVERED
                || state == Authorisations.IN_USE;
        if (!callable) {
            boolean halted = state == Authorisations.SUSPENDED || state == Authorisations.RECTIFIED;
            return halted ? "authorisation-suspended" : state >= Authorisations.TERMINATED
                    ? "authorisation-terminated" : "authorisation-not-agreed";
        }
        if (Ledger.before(judged, from)) {
            return "authorisation-not-started";
        }
        if (!Ledger.before(judged, until)) {
            return "authorisation-expired";
        }
        return mode == 1 ? null : "mode-not-granted";
    }

    private static boolean isLedgers(String code) {
        return ("authorisation-unknown department-suspended entry-frozen authorisation-suspended "
                + "authorisation-terminated authorisation-not-agreed authorisation-not-started "
                + "authorisation-expired mode-not-granted ").contains(code + " ");
    }

    /** Check that the outcome a leaf says is the one the ledger gives. */
    void verify(Leaf leaf, String department) {
        Evidence.require(keyIsLive, "leaf.base", "the application's key was not valid then");
        String refusal = refusal(department, leaf.judged());
        if (!leaf.outcome().equals(Leaf.SERVED)) {
            boolean ground = !isLedgers(leaf.outcome()) || leaf.outcome().equals(refusal);
            Evidence.require(ground, "leaf.outcome", "the ledger gave no ground for it");
            return;
        }
        Evidence.require(refusal == null, "leaf.outcome", "the ledger did not permit it: " + refusal);
        boolean same = leaf.entry().equals(entry) && leaf.version() == version
                && leaf.number("revision") == revision;
        Evidence.require(same, "leaf.version", "not the authorisation's entry, version, revision");
        BigInteger asked = new BigInteger(leaf.items(), 16);
        boolean granted = asked.signum() > 0 && asked.andNot(items).signum() == 0;
        Evidence.require(granted, "leaf.items", "items that were not granted");
        BigInteger masked = new BigInteger(leaf.digest("masked"), 16);
        Evidence.require(masked.andNot(asked).signum() == 0, "leaf.masked", "not among the items");
    }
}
