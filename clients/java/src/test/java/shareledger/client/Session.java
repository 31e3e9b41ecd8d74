package shareledger.client;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * One session with a real node, its forgeries included: configuration as JSON on standard input, what
 * happened as JSON on standard output (tests/system/test_java_client.py).
 */
public final class Session {
    private final Map<String, Object> config;
    private final PrivateKey signing;
    private final PrivateKey encryption;
    private final String provider;
    private final long authorisation;
    private final ReceiptFolder folder;
    private final Client client;

    private Session(Map<String, Object> config) {
        this.config = config;
        byte[] password = PrivateKey.readPassword(path("passwordFile"));
        this.signing = PrivateKey.loadSigning(path("signingKey"), password);
        this.encryption = PrivateKey.loadEncryption(path("encryptionKey"), password);
        this.provider = (String) config.get("provider");
        this.authorisation = (Long) config.get("authorisation");
        this.folder = new ReceiptFolder(path("receipts"));
        this.client = new Client(provider, signing, encryption,
                new NodeTrust((String) config.get("own"), signing), folder);
    }

    private Path path(String name) {
        return Paths.get((String) config.get(name));
    }

    public static void main(String[] arguments) throws Exception {
        ByteArrayOutputStream given = new ByteArrayOutputStream();
        InputStream in = System.in;
        for (int octet; (octet = in.read()) >= 0; ) {
            given.write(octet);
        }
        Session session = new Session(Vectors.object(Json.parse(given.toByteArray(), "config")));
        System.out.write(Json.render(session.run()));
        System.out.flush();
    }

    private Query query(String purpose, String... items) {
        return new Query(purpose, Arrays.asList(items), "李老师", "2026-0001")
                .where("GMSFHM", "eq", "130902200001010003");
    }

    private Query query() {
        return query("RXHY", "XM", "GMSFHM");
    }

    private Map<String, Object> run() {
        Map<String, Object> happened = new TreeMap<>();
        client.query(authorisation, query());
        Call call = client.prepare(authorisation, query());
        Answer answer = client.send(call);
        happened.put("rows", new ArrayList<Object>(answer.rows()));
        happened.put("masked", new ArrayList<Object>(answer.masked()));
        happened.put("number", answer.receipt().leaf().number());
        Answer again = client.resend(answer.event());
        happened.put("resent", Bytes.same(again.receipt().leafBytes(), answer.receipt().leafBytes())
                && again.remainingCalls() == answer.remainingCalls());
        happened.put("forged", forged(call));
        Receipt anchored = client.awaitAnchored(answer.event(), 100, 20_000);
        happened.put("anchored", anchored.anchoredSize() > anchored.index());
        client.verify(folder.load(answer.event()).receipt());
        happened.put("kept", folder.load(answer.event()).receipt().isAnchored());
        happened.put("notGranted",
                failing(() -> client.query(authorisation, query("RXHY", "XM", "MZ"))));
        happened.put("wrongPurpose",
                failing(() -> client.query(authorisation, query("NOTHING", "XM"))));
        happened.put("notOurs", failing(() -> client.query(authorisation + 999, query())));
        happened.put("unknown", failing(() -> Http.get(
                Http::send, provider + "/api/v1/authorisations/" + (authorisation + 999), signing)));
        happened.put("replayed", failing(() -> {
            SignedRequest first = call.request;
            SignedRequest second = SignedRequest.sign("POST", first.url, query().render(),
                    "application/json", signing, first.created, first.nonce);
            Call other = new Call(second, authorisation, query());
            client.judge(other, Http.send(second));
        }));
        happened.put("withoutReceipt", failing(() -> {
            Call wrong = client.prepare(authorisation, query("NOTHING", "XM"));
            Http.Response response = Http.send(wrong.request);
            Map<String, Object> members = response.members();
            members.remove("receipt");
            client.judge(wrong, new Http.Response(response.status, Json.render(members)));
        }));
        happened.put("changedSignature", failing(() -> {
            Map<String, Object> members = client.prepare(authorisation, query()).request.render();
            members.put("signature", Bytes.hex(flip(Bytes.unhex(members.get("signature"), 64, "x"), 9)));
            SignedRequest changed = SignedRequest.parse(members);
            throw Http.refusal(changed, Http.send(changed));
        }));
        happened.put("nobody", failing(() -> new Client("http://127.0.0.1:1", signing, encryption,
                new NodeTrust(provider, signing), folder).query(authorisation, query())));
        Client.Upgraded upgraded = client.upgradeAll();
        happened.put("unproven", new ArrayList<Object>(upgraded.failed.keySet()));
        happened.put("unanswered", upgraded.unanswered.size());
        happened.put("codes", new ArrayList<Object>(Http.CODES));
        return happened;
    }

    private Map<String, Object> forged(Call call) {
        Map<String, Object> forged = new LinkedHashMap<>();
        String[] places = {"leaf", "index", "proof", "root", "Ed25519 line", "SM2 line",
            "ciphertext", "iv", "wrapped key"};
        for (String place : places) {
            // The same bytes again: the stored answer, to be changed in one place.
            Http.Response response = Http.send(call.request);
            Map<String, Object> members = response.members();
            change(place, members);
            Http.Response changed = new Http.Response(response.status, Json.render(members));
            forged.put(place, failing(() -> client.judge(call, changed)));
        }
        return forged;
    }

    private static void change(String place, Map<String, Object> members) {
        Map<String, Object> receipt = Vectors.object(members.get("receipt"));
        Map<String, Object> sealed = Vectors.object(members.get("sealed"));
        switch (place) {
            case "leaf":
                receipt.put("leaf", Bytes.b64u(
                        flip(Bytes.unb64u(receipt.get("leaf"), "x"), 300)));
                break;
            case "index":
                receipt.put("index", (Long) receipt.get("index") + 1);
                break;
            case "proof":
                List<Object> proof = Json.list(receipt.get("proof"), "x");
                proof.set(0, flipped(proof.get(0)));
                break;
            case "root":
                receipt.put("checkpoint", note((String) receipt.get("checkpoint"), 2));
                break;
            case "Ed25519 line":
                receipt.put("checkpoint", note((String) receipt.get("checkpoint"), 4));
                break;
            case "SM2 line":
                receipt.put("checkpoint", note((String) receipt.get("checkpoint"), 5));
                break;
            case "ciphertext":
                sealed.put("sealed", flipped(sealed.get("sealed")));
                break;
            case "iv":
                sealed.put("iv", flipped(sealed.get("iv")));
                break;
            default:
                Map<String, Object> recipient =
                        Vectors.object(Json.list(sealed.get("recipients"), "x").get(0));
                recipient.put("wrapped", flipped(recipient.get("wrapped")));
        }
    }

    private static String note(String note, int line) {
        String[] lines = note.split("\n", -1);
        int blank = lines[line].lastIndexOf(' ') + 1;
        byte[] blob = Bytes.unbase64(lines[line].substring(blank), "x");
        lines[line] = lines[line].substring(0, blank) + Bytes.base64(flip(blob, 20));
        return String.join("\n", lines);
    }

    private static Object flipped(Object text) {
        return Bytes.b64u(flip(Bytes.unb64u(text, "x"), 3));
    }

    private static byte[] flip(byte[] bytes, int at) {
        byte[] changed = bytes.clone();
        changed[at] ^= 1;
        return changed;
    }

    /** The code of what went wrong, and whether a checked receipt came with it. */
    private static Map<String, Object> failing(Runnable act) {
        Map<String, Object> failed = new TreeMap<>();
        try {
            act.run();
        } catch (LedgerException error) {
            boolean receipt = error instanceof Refusal && ((Refusal) error).receipt() != null;
            failed.put("code", error.code());
            failed.put("receipt", receipt);
        }
        return failed;
    }
}
