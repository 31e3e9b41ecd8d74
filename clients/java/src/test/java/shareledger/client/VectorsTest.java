package shareledger.client;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;
import static shareledger.client.Vectors.hex;
import static shareledger.client.Vectors.list;
import static shareledger.client.Vectors.load;
import static shareledger.client.Vectors.number;
import static shareledger.client.Vectors.object;
import static shareledger.client.Vectors.refuses;
import static shareledger.client.Vectors.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.Test;

/** Agrees with tests/vectors, file by file (docs/protocol.md section 11). */
public class VectorsTest {
    @Test
    public void sm3() throws Exception {
        for (Object each : list(load("sm3").get("cases"))) {
            byte[] message = Bytes.utf8(text(each, "message"));
            assertEquals(text(each, "digest"), Bytes.hex(Bytes.sm3(message)));
        }
    }

    @Test
    public void sm2() throws Exception {
        Map<String, Object> standard = load("sm2");
        byte[] raw = Bytes.concat(hex(standard, "x"), hex(standard, "y"));
        Object signed = standard.get("signature");
        byte[] signature = Bytes.concat(hex(signed, "r"), hex(signed, "s"));
        assertTrue(Sm2.verify(raw, Bytes.utf8(text(signed, "message")), signature));
        assertFalse(Sm2.verify(raw, Bytes.utf8("another"), signature));
        PrivateKey key = PrivateKey.of(hex(standard, "private"));
        assertArrayEquals(raw, key.publicKey());
        assertTrue(Sm2.verify(raw, raw, key.sign(raw)));
    }

    @Test
    public void sm4() throws Exception {
        Map<String, Object> standard = load("sm4");
        byte[] sealed = Bytes.concat(hex(standard, "ciphertext"), hex(standard, "tag"));
        byte[] opened = Sm2.openGcm(
                hex(standard, "key"), hex(standard, "iv"), hex(standard, "aad"), sealed);
        assertEquals(text(standard, "plaintext"), Bytes.hex(opened));
    }

    @Test
    public void keys() throws Exception {
        for (Map.Entry<String, Object> each : object(load("keys").get("sm2")).entrySet()) {
            PrivateKey key = PrivateKey.of(hex(each.getValue(), "d"));
            assertEquals(each.getKey(), text(each.getValue(), "keyid"), key.keyId());
        }
    }

    @Test
    public void ids() throws Exception {
        Object items = load("ids").get("items");
        List<String> chosen = texts(object(items).get("chosen"));
        Grant grant = new Grant("", "", 1, texts(object(items).get("codes")));
        assertEquals(text(items, "bitmap"), grant.bitmap(chosen));
    }

    private static List<String> texts(Object values) {
        List<String> texts = new ArrayList<>();
        for (Object value : list(values)) {
            texts.add((String) value);
        }
        return texts;
    }

    @Test
    public void canonical() throws Exception {
        Map<String, Object> vectors = load("canonical");
        for (Object each : list(vectors.get("accepted"))) {
            assertArrayEquals(hex(each, "bytes"), Json.render(object(each).get("value")));
            Json.parseCanonical(hex(each, "bytes"), "x");
        }
        for (String name : object(vectors.get("refused")).keySet()) {
            byte[] bytes = hex(vectors.get("refused"), name);
            refuses("x", () -> Json.parseCanonical(bytes, "x"));
        }
    }

    @Test
    public void calls() throws Exception {
        PrivateKey key = Vectors.key(text(load("calls"), "key"));
        for (Object each : list(load("calls").get("calls"))) {
            String query = text(each, "query");
            String url = "http://" + text(each, "authority") + text(each, "path")
                    + (query.isEmpty() ? "" : "?" + query);
            Object headers = object(each).get("headers");
            SignedRequest request = SignedRequest.sign(
                    text(each, "method"), url, Bytes.utf8(text(each, "body")),
                    text(headers, "content-type"), key, number(each, "created"),
                    text(each, "nonce"));
            assertEquals(text(each, "base"), request.base());
            assertEquals(text(each, "event"), Bytes.hex(request.event()));
            assertEquals(text(headers, "content-digest"), request.headers().get("Content-Digest"));
            assertEquals(text(headers, "signature-input"), request.headers().get("Signature-Input"));
            byte[] base = Bytes.ascii(request.base());
            assertTrue(Sm2.verify(key.publicKey(), base, hex(each, "signature")));
            assertTrue(Sm2.verify(key.publicKey(), base, request.signature));
            assertEquals(request.base(), SignedRequest.parse(request.render()).base());
        }
    }

    @Test
    public void answer() throws Exception {
        Map<String, Object> vectors = load("answer");
        PrivateKey key = Vectors.key(text(vectors, "recipient"));
        Map<String, Object> envelope = object(vectors.get("envelope"));
        byte[] plain = Checks.open(envelope, key, hex(vectors, "event"));
        assertEquals(text(vectors, "plaintext"), new String(plain, "UTF-8"));
        assertEquals(text(vectors, "answer"), Bytes.hex(Bytes.sm3(Json.render(envelope))));
        refuses("malformed-envelope", () -> Checks.open(envelope, key, new byte[32]));
    }

    @Test
    public void log() throws Exception {
        Map<String, Object> vectors = load("log");
        Object names = vectors.get("keys");
        byte[] ed25519 = hex(object(load("keys").get("ed25519")).get(text(names, "ed25519")), "public");
        LogKeys.Pair pair = new LogKeys.Pair(Vectors.key(text(names, "sm2")).publicKey(), ed25519);
        LogKeys log = new LogKeys(text(vectors, "origin"), 0, Collections.singletonList(pair));
        for (Object each : list(vectors.get("leaves"))) {
            byte[] bytes = Bytes.utf8(text(each, "bytes"));
            Leaf.parse(bytes);
            assertEquals(text(each, "hash"), Bytes.hex(Tree.leafHash(bytes)));
        }
        for (Object each : list(vectors.get("others"))) {
            byte[] bytes = Bytes.utf8(text(each, "bytes"));
            Leaf.parse(bytes, text(each, "kind"));
            refuses("malformed-receipt", () -> Leaf.parse(bytes));
        }
        for (String grade : Arrays.asList("receipt", "anchored")) {
            Receipt receipt = Receipt.parse(vectors.get(grade));
            receipt.verify(log);
            assertEquals(grade.equals("anchored"), receipt.isAnchored());
            assertArrayEquals(
                    Json.render(vectors.get(grade)), Json.render(receipt.render()));
        }
        Checkpoint checkpoint = Checkpoint.parse(object(vectors.get("checkpoint")).get("note"));
        assertEquals(text(vectors.get("checkpoint"), "text"), new String(checkpoint.text(), "UTF-8"));
    }

    @Test
    public void merkle() throws Exception {
        Map<String, Object> vectors = load("merkle");
        List<Object> leaves = Json.list(vectors.get("leaves"), "x");
        List<String> roots = texts(vectors.get("roots"));
        for (Object each : list(vectors.get("inclusion"))) {
            String leaf = (String) leaves.get((int) number(each, "index"));
            byte[] hash = Tree.leafHash(Bytes.unhex(leaf, leaf.length() / 2, "x"));
            byte[] root = Bytes.unhex(roots.get((int) number(each, "size") - 1), 32, "x");
            List<byte[]> proof = hashes(object(each).get("proof"));
            Tree.verifyInclusion(hash, number(each, "index"), number(each, "size"), proof, root);
            proof.add(root);
            refuses("inclusion-invalid", () -> Tree.verifyInclusion(
                    hash, number(each, "index"), number(each, "size"), proof, root));
        }
        for (Object each : list(vectors.get("consistency"))) {
            long old = number(each, "old");
            long size = number(each, "size");
            byte[] before = Bytes.unhex(roots.get((int) old - 1), 32, "x");
            byte[] after = Bytes.unhex(roots.get((int) size - 1), 32, "x");
            List<byte[]> proof = hashes(object(each).get("proof"));
            Tree.verifyConsistency(old, before, size, after, proof);
            proof.add(after);
            refuses("consistency-invalid",
                    () -> Tree.verifyConsistency(old, before, size, after, proof));
        }
    }

    private static List<byte[]> hashes(Object values) {
        List<byte[]> hashes = new ArrayList<>();
        for (Object value : list(values)) {
            hashes.add(Bytes.unhex(value, 32, "x"));
        }
        return hashes;
    }
}
