package shareledger.client;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Answers and refusals held against the call they are for, in the order of docs/protocol.md 6.5: only
 * what the log vouches for is opened. What does not hold is thrown, never returned.
 */
final class Checks {
    private static final String INVALID = "receipt-invalid";
    private static final String MALFORMED = "malformed-receipt";
    private static final String ENVELOPE = "malformed-envelope";
    private static final Set<String> ENVELOPE_MEMBERS =
            new HashSet<>(Arrays.asList("alg", "iv", "sealed", "recipients"));
    private static final int MOST_RECIPIENTS = 64;
    private static final long OLDEST_SECONDS = 300;
    private static final long NEWEST_SECONDS = 60;

    private Checks() {}

    /** Check an answer and open it. */
    static Answer answer(
            Call call, Map<String, Object> members, Trust trust, PrivateKey encryption) {
        Receipt receipt = Receipt.parse(members.get("receipt"));
        Leaf leaf = receipt.leaf();
        sameCall(call, leaf);
        Grant grant = granted(call, leaf, trust);
        require(leaf.items().equals(grant.bitmap(call.items)), "the leaf names other items");
        require(leaf.outcome().equals(Leaf.SERVED), "the leaf says " + leaf.outcome());
        Map<String, Object> sealed = Json.object(members.get("sealed"), MALFORMED);
        String digest = Bytes.hex(Bytes.sm3(Json.render(sealed, ENVELOPE)));
        require(digest.equals(leaf.digest("answer")), "the leaf is of another answer");
        receipt.verify(presentLog(trust, grant.provider));
        // Only now: nothing is opened that the log does not vouch for.
        byte[] plain = open(sealed, encryption, call.request.event());
        require(Bytes.hex(Bytes.sm3(plain)).equals(leaf.digest("plain")),
                "the envelope holds another plaintext than the leaf says");
        Map<String, Object> opened =
                Json.object(Json.parseCanonical(plain, MALFORMED), MALFORMED);
        Answer answer = new Answer(
                receipt, opened, Json.object(members.get("remaining"), MALFORMED));
        commitment(answer, leaf, "operator", call.operator);
        commitment(answer, leaf, "matter", call.matter);
        require(leaf.rows() == answer.rows().size(), "the leaf counts other rows");
        return answer;
    }

    /** Check the receipt of a refusal; null where its code leaves none. */
    static Receipt refusal(Call call, Refusal refusal, Trust trust) {
        if (!refusal.members().containsKey("receipt")) {
            boolean known = refusal.status() == 403 || refusal.status() == 429
                    || refusal.code().equals("authorisation-unknown")
                    || refusal.code().equals("call-replayed");
            require(!known || refusal.code().equals("quota-refusals"),
                    refusal.code() + " was answered without a receipt");
            return null;
        }
        Receipt receipt = Receipt.parse(refusal.members().get("receipt"));
        Leaf leaf = receipt.leaf();
        if (refusal.code().equals("call-replayed")) {
            // The first call's receipt: another text under this event, or this one long ago.
            require(leaf.event().equals(call.event()), "the receipt is of another event");
            kept(receipt, trust);
        } else {
            sameCall(call, leaf);
            require(leaf.outcome().equals(refusal.code()), "the leaf says " + leaf.outcome());
            // The node's first department logs what it knows no provider of.
            receipt.verify(presentLog(trust, refusal.code().equals("authorisation-unknown")
                    ? receipt.department() : granted(call, leaf, trust).provider));
        }
        return receipt;
    }

    /** Check a receipt of earlier by the log it is of and the keys as of its leaf's second. */
    static void kept(Receipt receipt, Trust trust) {
        long second = receipt.leaf().at() / 1000;
        try {
            receipt.verify(trust.logAt(receipt.department(), receipt.generation(), second));
        } catch (LedgerException error) {
            throw noLog(error, receipt.department());
        }
    }

    /** Open an envelope; the event id is the additional data. */
    static byte[] open(Map<String, Object> envelope, PrivateKey encryption, byte[] event) {
        boolean whole = envelope.keySet().equals(ENVELOPE_MEMBERS)
                && "SM4-GCM".equals(envelope.get("alg"));
        LedgerException.require(whole, ENVELOPE, "not an envelope of SM4-GCM");
        List<Object> rows = Json.list(envelope.get("recipients"), ENVELOPE);
        boolean bounded = !rows.isEmpty() && rows.size() <= MOST_RECIPIENTS;
        LedgerException.require(bounded, ENVELOPE, "an envelope has 1 to 64 recipients");
        Map<String, byte[]> recipients = new HashMap<>();
        for (Object row : rows) {
            Map<String, Object> recipient = Json.object(row, ENVELOPE);
            LedgerException.require(recipient.size() == 2, ENVELOPE, "keyid and wrapped, no more");
            Bytes.unhex(recipient.get("keyid"), 32, ENVELOPE);
            recipients.put((String) recipient.get("keyid"),
                    Bytes.unb64u(recipient.get("wrapped"), ENVELOPE));
        }
        byte[] wrapped = recipients.get(encryption.keyId());
        LedgerException.require(wrapped != null, ENVELOPE, "it is not sealed to this key");
        byte[] iv = Bytes.unb64u(envelope.get("iv"), ENVELOPE);
        byte[] sealed = Bytes.unb64u(envelope.get("sealed"), ENVELOPE);
        return Sm2.openGcm(encryption.unwrap(wrapped), iv, event, sealed);
    }

    /** What one's own node says of the authorisation, which the leaf must say too. */
    private static Grant granted(Call call, Leaf leaf, Trust trust) {
        Grant grant = trust.grant(call.authorisation);
        require(leaf.entry().equals(grant.entry), "the leaf names another entry");
        require(leaf.version() == grant.version, "the leaf names another version");
        return grant;
    }

    private static void sameCall(Call call, Leaf leaf) {
        require(leaf.event().equals(call.event()), "the leaf is of another event");
        long age = leaf.judged() - call.request.created;
        require(-NEWEST_SECONDS <= age && age <= OLDEST_SECONDS,
                "the leaf says it was judged " + age + " s after it was signed");
        require(leaf.base().equals(call.request.base()), "the leaf has another signed text");
        require(leaf.signature().equals(Bytes.hex(call.request.signature)),
                "the leaf has another signature");
        require(leaf.authorisation() == call.authorisation, "the leaf names another authorisation");
    }

    private static void commitment(Answer answer, Leaf leaf, String name, String value) {
        byte[] salt = Bytes.unb64u(answer.opening().get(name), MALFORMED);
        String committed = Bytes.hex(Bytes.sm3(salt, Bytes.utf8(value)));
        require(committed.equals(leaf.digest(name)), "the leaf commits to another " + name);
    }

    private static LogKeys presentLog(Trust trust, String department) {
        try {
            return trust.presentLog(department);
        } catch (LedgerException error) {
            throw noLog(error, department);
        }
    }

    private static LedgerException noLog(LedgerException error, String department) {
        if (!error.code().equals("not-found")) {
            return error;
        }
        String detail = "department " + department + " has no such registered log";
        return new LedgerException(INVALID, detail, error);
    }

    private static void require(boolean holds, String problem) {
        LedgerException.require(holds, INVALID, problem);
    }
}
