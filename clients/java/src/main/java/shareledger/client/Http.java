package shareledger.client;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Requests over HttpURLConnection. The server is not trusted: its answer is bounded in bytes and in
 * time, redirects are not followed, nothing is decompressed, no proxy rewrites what was signed.
 */
final class Http {
    private static final int STEP_MILLIS = 30_000;
    private static final long ANSWER_NANOS = 300_000_000_000L;
    private static final int ANSWER_BYTES = 128 * 1024 * 1024;

    /** The codes of docs/protocol.md section 7 that concern a call. */
    static final Set<String> CODES = Collections.unmodifiableSet(new TreeSet<>(Arrays.asList((
            "already-exists authorisation-expired authorisation-not-agreed authorisation-not-started "
            + "authorisation-suspended authorisation-terminated authorisation-unknown call-replayed "
            + "chain-unavailable checkpoint-invalid clock-skew conflict consistency-invalid "
            + "contradictory decision-refused department-suspended digest-mismatch document-unknown "
            + "entry-frozen event-unknown evidence-invalid filter-not-granted forbidden "
            + "inclusion-invalid internal item-not-granted key-not-in-force key-revoked ledger-behind "
            + "log-incomplete log-tampered log-unavailable malformed-checkpoint malformed-document "
            + "malformed-envelope malformed-event malformed-evidence malformed-filter malformed-key "
            + "malformed-receipt malformed-request malformed-table malformed-transaction "
            + "mode-not-granted not-entitled not-found overloaded peer-unavailable "
            + "purpose-not-granted quota-calls quota-refusals quota-rows receipt-invalid "
            + "receipt-not-merged signature-invalid source-unavailable transaction-refused "
            + "unavailable verification-failed").split(" "))));

    private Http() {}

    /** What sends a request once: HTTP, and in tests something that knows the answers. */
    interface Transport {
        /**
         * Send a request.
         *
         * @throws LedgerException peer-unavailable: no whole answer came; the same bytes may be sent
         *     again
         */
        Response send(SignedRequest request);
    }

    /** A status with the bytes that came with it. */
    static final class Response {
        final int status;
        final byte[] body;

        Response(int status, byte[] body) {
            this.status = status;
            this.body = body;
        }

        boolean isSuccess() {
            return status >= 200 && status < 300;
        }

        /** The JSON object of the answer; malformed-receipt where it is none. */
        Map<String, Object> members() {
            return Json.object(Json.parse(body, "malformed-receipt"), "malformed-receipt");
        }
    }

    /** Send over HttpURLConnection. */
    static Response send(SignedRequest request) {
        byte[] answer;
        int status;
        try {
            HttpURLConnection connection =
                    (HttpURLConnection) new URL(request.url).openConnection(Proxy.NO_PROXY);
            connection.setRequestMethod(request.method);
            connection.setInstanceFollowRedirects(false);
            connection.setUseCaches(false);
            connection.setConnectTimeout(STEP_MILLIS);
            connection.setReadTimeout(STEP_MILLIS);
            connection.setRequestProperty("Accept", "*/*");
            connection.setRequestProperty("Accept-Encoding", "identity");
            for (Map.Entry<String, String> header : request.headers().entrySet()) {
                connection.setRequestProperty(header.getKey(), header.getValue());
            }
            if (request.body.length > 0) {
                // Buffered, not streamed: in streaming mode a 401 is an exception without a body.
                connection.setDoOutput(true);
                try (OutputStream out = connection.getOutputStream()) {
                    out.write(request.body);
                }
            }
            status = connection.getResponseCode();
            answer = read(status < 400 ? connection.getInputStream() : connection.getErrorStream());
        } catch (IOException error) {
            String host = request.authority();
            throw new LedgerException("peer-unavailable", host + "：" + error, error);
        }
        return new Response(status, answer);
    }

    private static byte[] read(InputStream stream) throws IOException {
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        if (stream == null) {
            return whole.toByteArray();
        }
        long started = System.nanoTime();
        try (InputStream in = stream) {
            byte[] piece = new byte[65_536];
            for (int size; (size = in.read(piece)) >= 0; ) {
                whole.write(piece, 0, size);
                if (whole.size() > ANSWER_BYTES) {
                    throw new IOException("more than " + ANSWER_BYTES + " bytes");
                }
                if (System.nanoTime() - started > ANSWER_NANOS) {
                    throw new IOException("not whole after " + ANSWER_NANOS / 1_000_000_000 + " s");
                }
            }
        }
        return whole.toByteArray();
    }

    /** The address under which a node's API is, from the node's: scheme, host, port. */
    static String api(String url) {
        try {
            URI node = new URI(url);
            boolean fits = ("http".equals(node.getScheme()) || "https".equals(node.getScheme()))
                    && node.getHost() != null && node.getRawQuery() == null;
            LedgerException.require(fits, "config-invalid", "节点地址 / address of a node: " + url);
            return url.replaceAll("/+$", "") + "/api/v1";
        } catch (URISyntaxException error) {
            throw new LedgerException("config-invalid", "节点地址 / address of a node: " + url, error);
        }
    }

    /** Read one thing of a node, signed; a refusal is thrown. */
    static Map<String, Object> get(Transport transport, String url, PrivateKey signing) {
        SignedRequest request =
                SignedRequest.sign("GET", url, new byte[0], "application/octet-stream", signing);
        Response response = transport.send(request);
        if (!response.isSuccess()) {
            throw refusal(request, response);
        }
        return response.members();
    }

    /** The refusal that an answer is; its receipt is not checked here. */
    static Refusal refusal(SignedRequest request, Response response) {
        Map<String, Object> members;
        try {
            members = response.members();
        } catch (LedgerException error) {
            // Something before the node answered, with a page of its own.
            members = Collections.emptyMap();
        }
        Object code = members.get("code");
        // A node that says it must stop (500) does not stop us: to a caller it does not answer.
        String fallback = response.status >= 500 ? "peer-unavailable" : "malformed-request";
        boolean known = code instanceof String && CODES.contains(code);
        Object title = members.get("title");
        Object detail = members.get("detail");
        String said = title instanceof String ? title + "：" : "";
        said += detail instanceof String ? detail : request.url + " → " + response.status;
        return new Refusal(
                response.status, known ? (String) code : fallback, said, members, null);
    }
}
