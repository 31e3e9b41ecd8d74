package shareledger.client;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the chain holds of a log at one size. */
public final class Anchor {
    /** Where an anchor stands on the chain; nothing in a receipt binds it. */
    static final List<String> PLACE = Collections.unmodifiableList(
            Arrays.asList("chainId", "contract", "tx", "block", "blockHash"));

    final byte[] root;
    final Map<String, Object> place = new LinkedHashMap<>();

    /**
     * The root, 32 bytes, and where it stands, as far as that is told: members of a receipt's
     * {@code anchored}, spelt as there, whole numbers of any width; others are passed over.
     */
    public Anchor(byte[] root, Map<String, Object> told) {
        this.root = root.clone();
        for (String name : PLACE) {
            if (told.containsKey(name)) {
                place.put(name, widened(told.get(name)));
            }
        }
    }

    /** A whole number as a receipt has it: an Integer equals no Long. */
    private static Object widened(Object value) {
        boolean narrow = value instanceof Integer || value instanceof Short || value instanceof Byte;
        return narrow ? (Object) ((Number) value).longValue() : value;
    }
}
