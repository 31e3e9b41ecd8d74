package shareledger.client;

import java.net.URI;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * One signed HTTP request of profile {@code gdsl-1} (docs/protocol.md 4.1 and 4.2; RFC 9421), ready
 * to be sent any number of times: the same bytes are the same call.
 */
public final class SignedRequest {
    private static final String COMPONENTS =
            "(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-type\" \"content-digest\")";
    private static final int NONCE_SIZE = 18;
    private static final String MALFORMED = "malformed-request";

    final String method;
    final String url;
    final byte[] body;
    final String contentType;
    final long created;
    final String nonce;
    final String keyId;
    final byte[] signature;

    private SignedRequest(String method, String url, byte[] body, String contentType, long created,
            String nonce, String keyId, byte[] signature) {
        this.method = method;
        this.url = url;
        this.body = body;
        this.contentType = contentType;
        this.created = created;
        this.nonce = nonce;
        this.keyId = keyId;
        this.signature = signature;
    }

    /** Sign a request now, with a fresh nonce. */
    static SignedRequest sign(
            String method, String url, byte[] body, String contentType, PrivateKey key) {
        long now = System.currentTimeMillis() / 1000;
        return sign(method, url, body, contentType, key, now, Bytes.b64u(Bytes.random(NONCE_SIZE)));
    }

    static SignedRequest sign(String method, String url, byte[] body, String contentType,
            PrivateKey key, long created, String nonce) {
        SignedRequest unsigned = new SignedRequest(
                method, url, body, contentType, created, nonce, key.keyId(), new byte[0]);
        return new SignedRequest(method, url, body, contentType, created, nonce, key.keyId(),
                key.sign(Bytes.ascii(unsigned.base())));
    }

    /** What {@code Host} says: without the scheme's own port, as HttpURLConnection sends it. */
    String authority() {
        URI uri = URI.create(url);
        boolean written = uri.getPort() >= 0
                && uri.getPort() != ("https".equals(uri.getScheme()) ? 443 : 80);
        String host = String.valueOf(uri.getHost()).toLowerCase(Locale.ROOT);
        return written ? host + ":" + uri.getPort() : host;
    }

    String path() {
        return URI.create(url).getRawPath();
    }

    String contentDigest() {
        return "sm3=:" + Bytes.base64(Bytes.sm3(body)) + ":";
    }

    String parameters() {
        return COMPONENTS + ";created=" + created + ";nonce=\"" + nonce
                + "\";alg=\"sm2-sm3\";keyid=\"" + keyId + "\";tag=\"gdsl-1\"";
    }

    /** The text that is signed: seven lines, none ended. */
    String base() {
        String query = URI.create(url).getRawQuery();
        return "\"@method\": " + method
                + "\n\"@authority\": " + authority()
                + "\n\"@path\": " + path()
                + "\n\"@query\": ?" + (query == null ? "" : query)
                + "\n\"content-type\": " + contentType
                + "\n\"content-digest\": " + contentDigest()
                + "\n\"@signature-params\": " + parameters();
    }

    /** The event id: names the call, tells replays (docs/protocol.md section 1). */
    byte[] event() {
        String named = authority() + "\n" + keyId + "\n" + nonce;
        byte[] digest = Bytes.sm3(Bytes.ascii(named));
        return Bytes.concat(Bytes.word(created), java.util.Arrays.copyOf(digest, 24));
    }

    Map<String, String> headers() {
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("Content-Type", contentType);
        headers.put("Content-Digest", contentDigest());
        headers.put("Signature-Input", "sig=" + parameters());
        headers.put("Signature", "sig=:" + Bytes.base64(signature) + ":");
        return headers;
    }

    /** What is kept of a request: enough to send the same bytes again. */
    Map<String, Object> render() {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("method", method);
        members.put("url", url);
        members.put("body", Bytes.b64u(body));
        members.put("contentType", contentType);
        members.put("created", created);
        members.put("nonce", nonce);
        members.put("keyid", keyId);
        members.put("signature", Bytes.hex(signature));
        return members;
    }

    static SignedRequest parse(Object value) {
        Map<String, Object> members = Json.object(value, MALFORMED);
        return new SignedRequest(
                Json.text(members.get("method"), MALFORMED),
                Json.text(members.get("url"), MALFORMED),
                Bytes.unb64u(members.get("body"), MALFORMED),
                Json.text(members.get("contentType"), MALFORMED),
                Json.number(members.get("created"), MALFORMED),
                Json.text(members.get("nonce"), MALFORMED),
                Json.text(members.get("keyid"), MALFORMED),
                Bytes.unhex(members.get("signature"), 64, MALFORMED));
    }
}
