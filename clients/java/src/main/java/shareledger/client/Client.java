package shareledger.client;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One application's client of one provider's node. Every answer is checked before it is handed out,
 * and call and receipt are kept: what a provider cannot prove is an exception, not a value.
 *
 * <pre>
 * PrivateKey signing = PrivateKey.loadSigning(file, password);
 * Trust own = new NodeTrust("http://own-node:8600", signing);
 * Client client = new Client("http://provider:8600", signing, encryption, own, folder);
 * Answer answer = client.query(1, new Query("RXHY", items, "李老师", "2026-0001"));
 * </pre>
 *
 * Instances may be used by several threads.
 */
public final class Client {
    private static final int ATTEMPTS = 3;
    private static final long FIRST_PAUSE_MILLIS = 50;
    /** An anchor takes so long to come at least (docs/protocol.md 6.4). */
    public static final long FIRST_QUESTION_MILLIS = 15_000;
    private static final long LONGEST_PAUSE_MILLIS = 600_000;

    private final String base;
    private final PrivateKey signing;
    private final PrivateKey encryption;
    private final Trust trust;
    private final ReceiptFolder folder;
    private final Http.Transport transport;

    public Client(String providerUrl, PrivateKey signing, PrivateKey encryption, Trust trust,
            ReceiptFolder folder) {
        this(providerUrl, signing, encryption, trust, folder, Http::send);
    }

    Client(String providerUrl, PrivateKey signing, PrivateKey encryption, Trust trust,
            ReceiptFolder folder, Http.Transport transport) {
        this.base = Http.api(providerUrl);
        this.signing = signing;
        this.encryption = encryption;
        this.trust = trust;
        this.folder = folder;
        this.transport = transport;
    }

    /**
     * Ask for one page of rows.
     *
     * @throws Refusal what the node refused, by code, with its checked receipt
     * @throws LedgerException peer-unavailable: no answer came, and {@link #resend} may ask for it with
     *     the event that the message names; a code that ends in -invalid or begins with malformed-: the
     *     node cannot prove its answer
     */
    public Answer query(long authorisation, Query query) {
        return send(prepare(authorisation, query));
    }

    /** Sign a call, ready to be sent any number of times. */
    public Call prepare(long authorisation, Query query) {
        LedgerException.require(authorisation > 0, "malformed-request", "authorisations count from 1");
        String url = base + "/authorisations/" + authorisation + "/query";
        SignedRequest request =
                SignedRequest.sign("POST", url, query.render(), "application/json", signing);
        return new Call(request, authorisation, query);
    }

    /** Keep a call, send it, check what comes back and keep its receipt; throws as {@link #query}. */
    public Answer send(Call call) {
        // Durable before it is sent: after a crash the same bytes can be sent again.
        folder.begin(call);
        Answer answer;
        try {
            answer = judge(call, transmit(call));
        } catch (Refusal refusal) {
            if (refusal.receipt() != null) {
                folder.finish(call, refusal.receipt(), null);
            }
            throw refusal;
        }
        // Durable before it is handed out: who has the rows has the proof.
        folder.finish(call, answer.receipt(), answer.opening());
        return answer;
    }

    /**
     * Send a kept call again, byte for byte: within 10 minutes the stored answer comes back,
     * uncounted (docs/protocol.md 4.8); throws as {@link #query}.
     */
    public Answer resend(String event) {
        return send(folder.load(event).call);
    }

    private Http.Response transmit(Call call) {
        LedgerException failure = null;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            if (attempt > 0) {
                pause(FIRST_PAUSE_MILLIS << attempt);
            }
            try {
                return transport.send(call.request);
            } catch (LedgerException error) {
                if (!error.code().equals("peer-unavailable")) {
                    throw error;
                }
                failure = error;
            }
        }
        String detail = failure.getMessage() + " (event " + call.event() + ")";
        throw new LedgerException("peer-unavailable", detail, failure);
    }

    /** Check an answer or a refusal against the call it is for. */
    Answer judge(Call call, Http.Response response) {
        if (!response.isSuccess()) {
            Refusal refusal = Http.refusal(call.request, response);
            throw refusal.with(Checks.refusal(call, refusal, trust));
        }
        return Checks.answer(call, response.members(), trust, encryption);
    }

    /** Check a kept receipt again: by the log it is of, the keys as of its time, and its anchor. */
    public void verify(Receipt receipt) {
        Checks.kept(receipt, trust);
        if (receipt.isAnchored()) {
            receipt.verifyAnchored(trust.anchor(
                    receipt.department(), receipt.generation(), receipt.anchoredSize()));
        }
    }

    /**
     * The receipt with its anchor, if the chain has reached it; else the receipt unchanged.
     *
     * <p>The anchored tree is checked to continue the receipt's own, by the root that one's own node
     * has for it: a log that was forked since cannot pass. It stands where that node says, as far as
     * it tells.
     */
    public Receipt upgrade(Receipt receipt) {
        // It may have lain in a file for years.
        Checks.kept(receipt, trust);
        String log = base + "/logs/" + receipt.department();
        Map<String, Object> found = Http.get(
                transport, log + "/events/" + receipt.leaf().event(), signing);
        Receipt newer = Receipt.parse(found.get("receipt"));
        boolean same = Bytes.same(newer.leafBytes(), receipt.leafBytes())
                && newer.index() == receipt.index()
                && newer.checkpoint().origin.equals(receipt.checkpoint().origin);
        LedgerException.require(same, "receipt-invalid", "the log holds another leaf for the event");
        Checks.kept(newer, trust);
        if (!newer.isAnchored()) {
            return receipt;
        }
        Anchor anchor;
        try {
            anchor = trust.anchor(
                    receipt.department(), receipt.generation(), newer.anchoredSize());
        } catch (LedgerException error) {
            if (error.code().equals("not-found")) {
                // Our own node has not seen the block yet.
                return receipt;
            }
            throw error;
        }
        String sizes = "old=" + receipt.size() + "&new=" + newer.anchoredSize();
        Map<String, Object> consistency = Http.get(
                transport, log + ":" + receipt.generation() + "/consistency?" + sizes, signing);
        Receipt upgraded = receipt.anchoredAs(
                newer, Json.list(consistency.get("proof"), "malformed-receipt"));
        upgraded.verifyAnchored(anchor);
        return upgraded;
    }

    /** What {@link #upgradeAll} did: events by what became of them. */
    public static final class Upgraded {
        /** Anchored now, and kept so. */
        public final List<String> anchored = new ArrayList<>();
        /** Still to come. */
        public final List<String> waiting = new ArrayList<>();
        /** No receipt yet: {@link #resend} within five minutes of signing; the call may never have come. */
        public final List<String> unanswered = new ArrayList<>();
        /** What could not be proven, with the reason: the receipt is the evidence. */
        public final Map<String, LedgerException> failed = new LinkedHashMap<>();
    }

    /**
     * Ask for the anchors of all kept receipts that lack one: once 15 s after a call, then at pauses
     * that double up to 10 min, from a scheduler of yours. One question to one's own node tells which
     * are worth asking the provider for.
     */
    public Upgraded upgradeAll() {
        Upgraded done = new Upgraded();
        trust.refresh();
        for (String event : folder.events()) {
            Receipt receipt = null;
            try {
                receipt = folder.load(event).receipt();
                if (receipt == null) {
                    done.unanswered.add(event);
                } else if (!receipt.isAnchored()) {
                    Receipt upgraded = isReached(receipt) ? upgrade(receipt) : receipt;
                    if (upgraded.isAnchored()) {
                        folder.upgrade(event, upgraded);
                    }
                    (upgraded.isAnchored() ? done.anchored : done.waiting).add(event);
                }
            } catch (LedgerException error) {
                // One that cannot be proven must not keep the others from being asked for.
                done.failed.put(event, error);
            }
        }
        return done;
    }

    private boolean isReached(Receipt receipt) {
        LogKeys log = trust.presentLog(receipt.department());
        if (!log.origin.equals(receipt.checkpoint().origin)) {
            long second = receipt.leaf().at() / 1000;
            log = trust.logAt(receipt.department(), receipt.generation(), second);
        }
        return receipt.index() < log.anchoredSize;
    }

    /**
     * Wait until the receipt of a kept call is anchored, and keep it so.
     *
     * @param firstMillis when to ask first, {@link #FIRST_QUESTION_MILLIS} as a rule
     * @throws LedgerException receipt-not-merged: not within {@code timeoutMillis}; the receipt that is
     *     kept is the evidence
     */
    public Receipt awaitAnchored(String event, long firstMillis, long timeoutMillis) {
        long end = System.nanoTime() + timeoutMillis * 1_000_000;
        Receipt receipt = folder.load(event).receipt();
        LedgerException.require(receipt != null, "not-found", event + " has no receipt");
        for (long pause = firstMillis; !receipt.isAnchored(); ) {
            long left = (end - System.nanoTime()) / 1_000_000;
            LedgerException.require(left > 0, "receipt-not-merged",
                    event + " was not anchored within " + timeoutMillis + " ms");
            pause(Math.min(pause, left));
            pause = Math.min(2 * pause, LONGEST_PAUSE_MILLIS);
            receipt = upgrade(receipt);
        }
        folder.upgrade(event, receipt);
        return receipt;
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            throw new LedgerException("peer-unavailable", "interrupted while waiting", error);
        }
    }
}
