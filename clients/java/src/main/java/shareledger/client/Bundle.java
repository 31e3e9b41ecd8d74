package shareledger.client;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** An evidence bundle as the file has it (docs/evidence.md 2); nothing is verified yet. */
final class Bundle {
    private static final int MOST_BYTES = 256 * 1024 * 1024;
    private static final int MOST_RECEIPTS = 65_536;
    private static final String INVALID = "evidence-invalid";
    private static final Set<String> MEMBERS = new HashSet<>(Arrays.asList("type", "v", "claim",
            "headers", "receipts", "documents", "leaf", "index", "proof", "checkpoint", "consistency",
            "request"));

    final String event;
    final List<byte[]> headers;
    /** By block, ascending. */
    final Map<Long, List<byte[]>> receipts = new TreeMap<>();
    /** By SM3, hex, ascending. */
    final Map<String, byte[]> documents = new LinkedHashMap<>();
    final byte[] leaf;
    final long index;
    final List<byte[]> proof;
    final String checkpoint;
    final List<byte[]> consistency;
    /** Null where the call's body is not handed on. */
    final byte[] request;

    Bundle(byte[] file) {
        Evidence.require(file.length <= MOST_BYTES, "file", "more than 256 MiB");
        long values = 0;
        for (byte octet : file) {
            values += octet == '[' || octet == '{' || octet == ',' ? 1 : 0;
        }
        // A file of nothing but brackets takes many times its size in memory.
        Evidence.require(values <= 256 + file.length / 16, "file", "more values than a bundle has");
        Map<String, Object> members = Json.object(Json.parseCanonical(file, INVALID), INVALID);
        boolean whole = members.keySet().equals(MEMBERS) && "evidence".equals(members.get("type"))
                && Long.valueOf(1).equals(members.get("v"));
        Evidence.require(whole, "file", "not an evidence bundle of version 1");
        Map<String, Object> claim = Json.object(members.get("claim"), INVALID);
        Evidence.require(claim.size() == 1, "claim", "not {event}");
        this.event = Bytes.hex(Bytes.unhex(claim.get("event"), 32, INVALID));
        this.headers = bytes(members.get("headers"));
        long last = -1;
        for (Object row : Json.list(members.get("receipts"), INVALID)) {
            Map<String, Object> block = Json.object(row, INVALID);
            Evidence.require(block.size() == 2, "receipts", "not {block, receipts}");
            long number = Json.number(block.get("block"), INVALID);
            Evidence.require(number > last, "receipts", "blocks out of order");
            last = number;
            List<byte[]> given = bytes(block.get("receipts"));
            Evidence.require(given.size() <= MOST_RECEIPTS, "receipts", "more than a block has");
            receipts.put(number, given);
        }
        String before = "";
        for (byte[] document : bytes(members.get("documents"))) {
            String digest = Bytes.hex(Bytes.sm3(document));
            Evidence.require(digest.compareTo(before) > 0, "documents", "out of order");
            before = digest;
            documents.put(digest, document);
        }
        this.leaf = Bytes.unb64u(members.get("leaf"), INVALID);
        this.index = Json.number(members.get("index"), INVALID);
        this.proof = hashes(members.get("proof"));
        byte[] note = Bytes.unb64u(members.get("checkpoint"), INVALID);
        this.checkpoint = new String(note, java.nio.charset.StandardCharsets.UTF_8);
        Evidence.require(Bytes.same(Bytes.utf8(checkpoint), note), "checkpoint", "not UTF-8");
        this.consistency = hashes(members.get("consistency"));
        this.request = members.get("request") == null
                ? null : Bytes.unb64u(members.get("request"), INVALID);
    }

    private static List<byte[]> bytes(Object value) {
        List<byte[]> parts = new ArrayList<>();
        for (Object part : Json.list(value, INVALID)) {
            parts.add(Bytes.unb64u(part, INVALID));
        }
        return parts;
    }

    private static List<byte[]> hashes(Object value) {
        List<byte[]> hashes = new ArrayList<>();
        for (Object hash : Json.list(value, INVALID)) {
            hashes.add(Bytes.unhex(hash, 32, INVALID));
        }
        Evidence.require(hashes.size() <= Tree.MOST_HASHES, "proof", "more hashes than a proof has");
        return hashes;
    }
}
