package shareledger.client;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;
import static shareledger.client.Vectors.hex;
import static shareledger.client.Vectors.list;
import static shareledger.client.Vectors.number;
import static shareledger.client.Vectors.object;
import static shareledger.client.Vectors.text;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

/** Runs docs/conformance/conformance.json: what a client in any language must make of its input. */
public class ConformanceTest {
    private static final Path FILE =
            Vectors.FOLDER.resolve("../../docs/conformance/conformance.json");
    /** A server's; and this client reads r‖s alone, as leaves and checkpoints have it. */
    private static final List<String> LEFT_OUT = Arrays.asList("verify-request", "signature-form");

    @Rule public final TemporaryFolder temporary = new TemporaryFolder();
    private Map<String, Object> file;

    @Before
    public void read() throws Exception {
        Vectors.requireFolder();
        file = object(Json.parse(Files.readAllBytes(FILE), "conformance"));
    }

    @Test
    public void yieldsWhatEveryCaseSays() {
        List<String> failed = new ArrayList<>();
        int run = 0;
        for (Object each : list(file.get("cases"))) {
            if (LEFT_OUT.contains(text(each, "op"))) {
                continue;
            }
            run++;
            String wanted = shown(object(each).get("yields"));
            String got;
            try {
                got = shown(perform(text(each, "op"), object(object(each).get("given"))));
            } catch (LedgerException error) {
                got = "{\"error\":\"" + error.code() + "\"}";
            }
            if (!got.equals(wanted)) {
                failed.add(text(each, "op") + ": " + text(each, "name") + ": " + got + ", not " + wanted);
            }
        }
        assertEquals(String.join("\n", failed), 0, failed.size());
        assertTrue("only " + run + " cases", run > 250);
    }

    @Test
    public void throwsNothingElseWhateverAnAnswerHolds() {
        Random random = new Random(5);
        List<Map<String, Object>> queries = new ArrayList<>();
        for (Object each : list(file.get("cases"))) {
            Map<String, Object> given = object(object(each).get("given"));
            if (text(each, "op").equals("query") && given.containsKey("body")) {
                queries.add(given);
            }
        }
        int refused = 0;
        for (int round = 0; round < 300; round++) {
            Map<String, Object> given =
                    new LinkedHashMap<>(queries.get(random.nextInt(queries.size())));
            given.put("body", changed(given.get("body"), random));
            try {
                query(given);
            } catch (LedgerException error) {
                refused++;
            }
        }
        assertTrue("only " + refused + " were refused", refused > 150);
    }

    /** The same value with one thing somewhere in it put in another's place. */
    private static Object changed(Object value, Random random) {
        Object[] others = {null, true, 0L, -1L, Json.LARGEST, "", "\u0000", "AAAA",
            new ArrayList<Object>(), new LinkedHashMap<String, Object>()};
        boolean inside = random.nextInt(5) > 0;
        if (value instanceof Map && inside && !object(value).isEmpty()) {
            Map<String, Object> members = new LinkedHashMap<>(object(value));
            List<String> names = new ArrayList<>(members.keySet());
            String name = names.get(random.nextInt(names.size()));
            members.put(name, changed(members.get(name), random));
            return members;
        }
        if (value instanceof List && inside && !((List<?>) value).isEmpty()) {
            List<Object> elements = new ArrayList<>((List<?>) value);
            int place = random.nextInt(elements.size());
            elements.set(place, changed(elements.get(place), random));
            return elements;
        }
        return others[random.nextInt(others.length)];
    }

    private static String shown(Object value) {
        return new String(Json.render(value), StandardCharsets.UTF_8);
    }

    private static Map<String, Object> yields(Object... pairs) {
        Map<String, Object> members = new TreeMap<>();
        for (int at = 0; at < pairs.length; at += 2) {
            members.put((String) pairs[at], pairs[at + 1]);
        }
        return members;
    }

    private Map<String, Object> perform(String op, Map<String, Object> given) {
        switch (op) {
            case "sm3":
                return yields("digest", Bytes.hex(Bytes.sm3(hex(given, "message"))));
            case "public-key":
                byte[] raw = hex(given, "publicKey");
                Sm2.publicKey(raw, "malformed-key");
                return yields("za", Bytes.hex(za(raw)), "keyid", Bytes.hex(Bytes.keccak(raw)));
            case "sm2-verify":
                boolean holds = Sm2.verify(
                        hex(given, "publicKey"), hex(given, "message"), hex(given, "signature"));
                LedgerException.require(holds, "signature-invalid", "it does not hold");
                return yields();
            case "sm2-sign":
                PrivateKey signer = key(text(given, "key"));
                byte[] message = hex(given, "message");
                return yields("verifies",
                        Sm2.verify(signer.publicKey(), message, signer.sign(message)));
            case "sm2-unwrap":
                byte[] dataKey = key(text(given, "key")).unwrap(hex(given, "wrapped"));
                return yields("dataKey", Bytes.hex(dataKey));
            case "sm4-gcm-open":
                byte[] opened = Sm2.openGcm(
                        hex(given, "key"), hex(given, "iv"), hex(given, "aad"), hex(given, "sealed"));
                return yields("plaintext", Bytes.hex(opened));
            case "canonical-render":
                return yields("bytes", Bytes.hex(Json.render(given.get("value"))));
            case "canonical-parse":
                Object value = Json.parseCanonical(hex(given, "bytes"), "malformed-request");
                return yields("bytes", Bytes.hex(Json.render(value)));
            case "event-id":
                return yields("event", Bytes.hex(event(given)));
            case "bitmap":
                Grant grant = new Grant("", "", 1, texts(given.get("codes")));
                return yields("bitmap", grant.bitmap(texts(given.get("chosen"))));
            case "leaf-hash":
                return yields("hash", Bytes.hex(Tree.leafHash(hex(given, "leaf"))));
            case "inclusion":
                Tree.verifyInclusion(hex(given, "leafHash"), number(given, "index"),
                        number(given, "size"), hashes(given.get("proof")), hex(given, "root"));
                return yields();
            case "consistency":
                Tree.verifyConsistency(number(given, "old"), hex(given, "oldRoot"),
                        number(given, "new"), hex(given, "newRoot"), hashes(given.get("proof")));
                return yields();
            case "sign-request":
                return signed(given);
            case "open-envelope":
                byte[] plain = Checks.open(
                        object(given.get("envelope")), key(text(given, "key")), hex(given, "event"));
                return yields("plaintext", new String(plain, StandardCharsets.UTF_8),
                        "plain", Bytes.hex(Bytes.sm3(plain)),
                        "answer", Bytes.hex(Bytes.sm3(Json.render(given.get("envelope")))));
            case "query":
                return query(given);
            case "kept-receipt":
                return kept(given);
            case "upgrade":
                return upgraded(given);
            case "verify-bundle":
                return bundle(given);
            default:
                throw new AssertionError("an operation that is not known: " + op);
        }
    }

    private PrivateKey key(String name) {
        return PrivateKey.of(hex(object(object(file.get("keys")).get("sm2")).get(name), "d"));
    }

    /** Section 0.1; BouncyCastle computes it inside its signer. */
    private static byte[] za(byte[] raw) {
        return Bytes.sm3(new byte[] {0, (byte) 128}, Bytes.ascii("1234567812345678"),
                Sm2.CURVE.getCurve().getA().getEncoded(), Sm2.CURVE.getCurve().getB().getEncoded(),
                Sm2.raw(Sm2.CURVE.getG()), raw);
    }

    private static byte[] event(Map<String, Object> given) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("method", "POST");
        members.put("url", "http://" + text(given, "authority") + "/");
        members.put("body", "");
        members.put("contentType", "");
        members.put("created", given.get("created"));
        members.put("nonce", given.get("nonce"));
        members.put("keyid", given.get("keyid"));
        members.put("signature", Bytes.hex(new byte[64]));
        return SignedRequest.parse(members).event();
    }

    private static List<String> texts(Object values) {
        List<String> texts = new ArrayList<>();
        for (Object value : list(values)) {
            texts.add((String) value);
        }
        return texts;
    }

    private static List<byte[]> hashes(Object values) {
        List<byte[]> hashes = new ArrayList<>();
        for (String value : texts(values)) {
            hashes.add(Bytes.unhex(value, value.length() / 2, "vectors"));
        }
        return hashes;
    }

    private static String url(Map<String, Object> given) {
        String query = text(given, "query");
        return "http://" + text(given, "authority") + text(given, "path")
                + (query.isEmpty() ? "" : "?" + query);
    }

    private Map<String, Object> signed(Map<String, Object> given) {
        PrivateKey key = key(text(given, "key"));
        SignedRequest request = SignedRequest.sign(text(given, "method"), url(given),
                Bytes.utf8(text(given, "body")), text(given, "contentType"), key,
                number(given, "created"), text(given, "nonce"));
        byte[] base = Bytes.ascii(request.base());
        assertTrue(Sm2.verify(key.publicKey(), base, request.signature));
        return yields("contentDigest", request.headers().get("Content-Digest"),
                "signatureInput", request.headers().get("Signature-Input"),
                "base", request.base(),
                "e", Bytes.hex(Bytes.sm3(za(key.publicKey()), base)),
                "event", Bytes.hex(request.event()));
    }

    /** A call of the file as the client that sent it knows it. */
    private Call asked(String name) {
        Map<String, Object> call = object(object(file.get("calls")).get(name));
        Map<String, Object> request = new LinkedHashMap<>(call);
        request.put("url", url(call));
        request.put("body", Bytes.b64u(Bytes.utf8(text(call, "body"))));
        request.put("keyid", key(text(call, "key")).keyId());
        Map<String, Object> members = new LinkedHashMap<>(call);
        members.put("request", request);
        Call asked = Call.parse(members);
        assertEquals(text(call, "base"), asked.request.base());
        assertEquals(text(call, "event"), asked.event());
        return asked;
    }

    private static Http.Transport answering(Map<String, Object> answers) {
        return request -> {
            String path = request.url.substring(request.url.indexOf('/', "http://".length()));
            Object found = answers.get(path);
            return found == null
                    ? new Http.Response(404, Bytes.ascii(
                            "{\"code\":\"not-found\",\"status\":404,\"detail\":\"nothing there\"}"))
                    : new Http.Response(200, Json.render(found));
        };
    }

    private Client client(
            Map<String, Object> own, Http.Transport provider, PrivateKey encryption) {
        PrivateKey signing = key("application");
        Trust trust = new NodeTrust("http://own.example", signing, answering(own));
        ReceiptFolder folder = new ReceiptFolder(
                temporary.getRoot().toPath().resolve(Bytes.hex(Bytes.random(8))));
        return new Client("http://ledger.police.example:8443", signing, encryption, trust, folder,
                provider);
    }

    private Map<String, Object> node(Map<String, Object> given) {
        return new LinkedHashMap<>(object(object(file.get("nodes")).get(text(given, "own"))));
    }

    private Map<String, Object> query(Map<String, Object> given) {
        byte[] body = given.containsKey("text")
                ? Bytes.utf8(text(given, "text")) : Json.render(given.get("body"));
        int status = (int) number(given, "status");
        Client client = client(node(given), request -> new Http.Response(status, body),
                key(text(given, "key")));
        Answer answer;
        try {
            answer = client.send(asked(text(given, "call")));
        } catch (Refusal refusal) {
            return yields("refused", refusal.code(), "receipt", refusal.receipt() != null);
        }
        Map<String, Object> remaining =
                yields("calls", answer.remainingCalls(), "rows", answer.remainingRows());
        return yields("rows", new ArrayList<Object>(answer.rows()), "next", answer.next(),
                "masked", new ArrayList<Object>(answer.masked()), "asOf", answer.asOf(),
                "remaining", remaining);
    }

    private Map<String, Object> kept(Map<String, Object> given) {
        Receipt receipt = Receipt.parse(given.get("receipt"));
        Trust trust = new NodeTrust(
                "http://own.example", key("application"), answering(node(given)));
        Checks.kept(receipt, trust);
        return yields("department", receipt.department(), "generation", receipt.generation(),
                "index", receipt.index(), "size", receipt.size(), "event", receipt.leaf().event(),
                "outcome", receipt.leaf().outcome(), "at", receipt.leaf().at());
    }

    private Map<String, Object> upgraded(Map<String, Object> given) {
        Map<String, Object> own = node(given);
        own.putAll(object(given.get("anchors")));
        PrivateKey encryption = key("encryption key of the application");
        Client client = client(own, answering(object(given.get("provider"))), encryption);
        Receipt upgraded = client.upgrade(Receipt.parse(given.get("receipt")));
        return yields("anchored", upgraded.render().get("anchored"));
    }

    private Map<String, Object> bundle(Map<String, Object> given) {
        String text = text(file.get("bundles"), text(given, "bundle"));
        Object edit = given.get("edit");
        int offset = (int) number(edit, "offset");
        String edited = text.substring(0, offset) + text(edit, "insert")
                + text.substring(offset + (int) number(edit, "remove"));
        TrustFile trust = TrustFile.parse(Json.render(given.get("trust")));
        Evidence.Report report = Evidence.verify(Bytes.utf8(edited), trust);
        return yields("verdict", report.verdict(), "event", report.leaf().event(),
                "outcome", report.leaf().outcome(), "authorisation", report.leaf().authorisation());
    }
}
