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
import java.util.Map;

/**
 * Requests over HttpURLConnection. The server is not trusted: its answer is bounded in bytes and in
 * time, redirects are not followed, nothing is decompressed, no proxy rewrites what was signed.
 */
final class Http {
    private static final int STEP_MILLIS = 30_000;
    private static final long ANSWER_NANOS = 300_000_000_000L;
    private static final int ANSWER_BYTES = 128 * 1024 * 1024;

    private Http() {}

    /** A status with its JSON object; an empty one where the answer is none and no success. */
    static final class Response {
        final int status;
        final Map<String, Object> members;

        Response(int status, Map<String, Object> members) {
            this.status = status;
            this.members = members;
        }

        boolean isSuccess() {
            return status >= 200 && status < 300;
        }
    }

    /**
     * Send a request once.
     *
     * @throws LedgerException peer-unavailable: no whole answer came; the same bytes may be sent again
     */
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
        return new Response(status, members(status, answer));
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

    private static Map<String, Object> members(int status, byte[] answer) {
        boolean success = status >= 200 && status < 300;
        try {
            return Json.object(Json.parse(answer, "malformed-receipt"), "malformed-receipt");
        } catch (LedgerException error) {
            if (success) {
                throw error;
            }
            // Something before the node answered, with a page of its own.
            return new java.util.LinkedHashMap<>();
        }
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
    static Map<String, Object> get(String url, PrivateKey signing) {
        SignedRequest request =
                SignedRequest.sign("GET", url, new byte[0], "application/octet-stream", signing);
        Response response = send(request);
        if (!response.isSuccess()) {
            throw refusal(request, response);
        }
        return response.members;
    }

    /** The refusal that an answer is; its receipt is not checked here. */
    static Refusal refusal(SignedRequest request, Response response) {
        Object code = response.members.get("code");
        boolean known = code instanceof String && ((String) code).matches("[a-z][a-z0-9-]{0,63}");
        String fallback = response.status >= 500 ? "peer-unavailable" : "malformed-request";
        Object title = response.members.get("title");
        Object detail = response.members.get("detail");
        String said = title instanceof String ? title + "：" : "";
        said += detail instanceof String ? detail : request.url + " → " + response.status;
        return new Refusal(
                response.status, known ? (String) code : fallback, said, response.members, null);
    }
}
