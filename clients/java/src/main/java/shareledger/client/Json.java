package shareledger.client;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * JSON as the protocol uses it (docs/protocol.md 2.1; RFC 8785 with narrower rules).
 *
 * <p>Values are {@code Map<String, Object>}, {@code List<Object>}, {@code String}, {@code Long},
 * {@code Boolean} and null. No fraction or exponent, no integer of 2^53 or more, no member twice, no
 * lone surrogate, at most 32 levels. Whatever the bytes are, only {@link LedgerException} is thrown.
 */
public final class Json {
    static final int DEEPEST = 32;
    static final long LARGEST = (1L << 53) - 1;

    private final String text;
    private final String code;
    private int at;

    private Json(String text, String code) {
        this.text = text;
        this.code = code;
    }

    /** Read JSON with whatever white space; what is refused carries {@code code}. */
    public static Object parse(byte[] bytes, String code) {
        Json reader = new Json(decode(bytes, code), code);
        reader.space();
        Object value = reader.value(DEEPEST);
        reader.space();
        reader.require(reader.at == reader.text.length(), "something follows the value");
        return value;
    }

    /** Read bytes that are the one canonical rendering of their value. */
    public static Object parseCanonical(byte[] bytes, String code) {
        Object value = parse(bytes, code);
        boolean canonical = Bytes.same(render(value, code), bytes);
        LedgerException.require(canonical, code, "not canonical JSON (RFC 8785)");
        return value;
    }

    /** The members of an object. */
    @SuppressWarnings("unchecked")
    public static Map<String, Object> object(Object value, String code) {
        LedgerException.require(value instanceof Map, code, "not a JSON object");
        return (Map<String, Object>) value;
    }

    @SuppressWarnings("unchecked")
    static List<Object> list(Object value, String code) {
        LedgerException.require(value instanceof List, code, "not a JSON list");
        return (List<Object>) value;
    }

    static String text(Object value, String code) {
        LedgerException.require(value instanceof String, code, "not a text");
        return (String) value;
    }

    /** A whole number from 0. */
    static long number(Object value, String code) {
        boolean whole = value instanceof Long && (Long) value >= 0;
        LedgerException.require(whole, code, "not a whole number from 0");
        return (Long) value;
    }

    /** The canonical bytes of a value. */
    public static byte[] render(Object value) {
        return render(value, "malformed-request");
    }

    static byte[] render(Object value, String code) {
        StringBuilder out = new StringBuilder();
        write(value, DEEPEST, out, code);
        return Bytes.utf8(out.toString());
    }

    private static String decode(byte[] bytes, String code) {
        try {
            // A new decoder reports malformed input, where new String() would replace it.
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException error) {
            throw new LedgerException(code, "not UTF-8", error);
        }
    }

    private void require(boolean holds, String problem) {
        LedgerException.require(holds, code, "JSON, character " + at + ": " + problem);
    }

    private void space() {
        while (at < text.length() && " \t\n\r".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private char peek() {
        require(at < text.length(), "it ends too early");
        return text.charAt(at);
    }

    private Object value(int depth) {
        switch (peek()) {
            case '{':
                return members(depth);
            case '[':
                return elements(depth);
            case '"':
                return string();
            case 't':
                return word("true", Boolean.TRUE);
            case 'f':
                return word("false", Boolean.FALSE);
            case 'n':
                return word("null", null);
            default:
                return integer();
        }
    }

    private Object word(String word, Object value) {
        require(text.startsWith(word, at), "not a value");
        at += word.length();
        return value;
    }

    private Map<String, Object> members(int depth) {
        require(depth > 0, "more than " + DEEPEST + " levels");
        Map<String, Object> members = new LinkedHashMap<>();
        at++;
        space();
        if (peek() == '}') {
            at++;
            return members;
        }
        while (true) {
            require(peek() == '"', "a member begins with its name");
            String name = string();
            require(!members.containsKey(name), "a member twice");
            space();
            require(peek() == ':', "a colon is missing");
            at++;
            space();
            members.put(name, value(depth - 1));
            space();
            if (peek() == '}') {
                at++;
                return members;
            }
            require(peek() == ',', "a comma is missing");
            at++;
            space();
        }
    }

    private List<Object> elements(int depth) {
        require(depth > 0, "more than " + DEEPEST + " levels");
        List<Object> elements = new ArrayList<>();
        at++;
        space();
        if (peek() == ']') {
            at++;
            return elements;
        }
        while (true) {
            elements.add(value(depth - 1));
            space();
            if (peek() == ']') {
                at++;
                return elements;
            }
            require(peek() == ',', "a comma is missing");
            at++;
            space();
        }
    }

    private String string() {
        StringBuilder out = new StringBuilder();
        at++;
        while (peek() != '"') {
            char next = text.charAt(at++);
            require(next >= ' ', "a control character");
            out.append(next == '\\' ? escape() : next);
        }
        at++;
        String found = out.toString();
        require(isWellFormed(found), "a lone surrogate");
        return found;
    }

    private char escape() {
        char kind = peek();
        at++;
        if (kind == 'u') {
            require(at + 4 <= text.length(), "it ends too early");
            int unit = 0;
            for (int end = at + 4; at < end; at++) {
                int digit = "0123456789abcdef".indexOf(Character.toLowerCase(text.charAt(at)));
                require(digit >= 0, "not an escape");
                unit = 16 * unit + digit;
            }
            return (char) unit;
        }
        int which = "\"\\/bfnrt".indexOf(kind);
        require(which >= 0, "not an escape");
        return "\"\\/\b\f\n\r\t".charAt(which);
    }

    private Long integer() {
        int start = at;
        while (at < text.length() && "+-.0123456789eE".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        String found = text.substring(start, at);
        require(found.matches("0|-?[1-9][0-9]{0,15}"), "not an integer below 2^53");
        long value = Long.parseLong(found);
        require(Math.abs(value) <= LARGEST, "not an integer below 2^53");
        return value;
    }

    private static boolean isWellFormed(String text) {
        for (int place = 0; place < text.length(); place++) {
            char unit = text.charAt(place);
            boolean pair = place + 1 < text.length()
                    && Character.isSurrogatePair(unit, text.charAt(place + 1));
            if (Character.isSurrogate(unit) && !pair) {
                return false;
            }
            place += pair ? 1 : 0;
        }
        return true;
    }

    private static void write(Object value, int depth, StringBuilder out, String code) {
        if (value == null || value instanceof Boolean) {
            out.append(value);
        } else if (value instanceof Long || value instanceof Integer) {
            long number = ((Number) value).longValue();
            LedgerException.require(Math.abs(number) <= LARGEST, code, number + " is 2^53 or more");
            out.append(number);
        } else if (value instanceof String) {
            quote((String) value, out, code);
        } else if (value instanceof Map) {
            LedgerException.require(depth > 0, code, "more than " + DEEPEST + " levels");
            // String's own order is that of UTF-16 code units, as RFC 8785 wants it.
            Map<String, Object> sorted = new TreeMap<>(object(value, code));
            String before = "{";
            for (Map.Entry<String, Object> member : sorted.entrySet()) {
                out.append(before);
                quote(member.getKey(), out, code);
                out.append(':');
                write(member.getValue(), depth - 1, out, code);
                before = ",";
            }
            out.append(sorted.isEmpty() ? "{}" : "}");
        } else if (value instanceof List) {
            LedgerException.require(depth > 0, code, "more than " + DEEPEST + " levels");
            out.append('[');
            String before = "";
            for (Object element : (List<?>) value) {
                out.append(before);
                write(element, depth - 1, out, code);
                before = ",";
            }
            out.append(']');
        } else {
            throw new LedgerException(code, value.getClass() + " has no place in JSON");
        }
    }

    private static void quote(String value, StringBuilder out, String code) {
        boolean normal = isWellFormed(value) && Normalizer.isNormalized(value, Normalizer.Form.NFC);
        LedgerException.require(normal, code, "a text is not in Unicode normalisation form C");
        out.append('"');
        for (int place = 0; place < value.length(); place++) {
            char unit = value.charAt(place);
            int which = "\"\\\b\f\n\r\t".indexOf(unit);
            if (which >= 0) {
                out.append('\\').append("\"\\bfnrt".charAt(which));
            } else if (unit < ' ') {
                out.append(String.format("\\u%04x", (int) unit));
            } else {
                out.append(unit);
            }
        }
        out.append('"');
    }
}
