package shareledger.client;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import java.util.HashMap;
import java.util.Map;
import org.junit.Test;

/** What somebody's own {@link Trust} tells of an anchor's place. */
public class AnchorTest {
    private static Map<String, Object> place(String name, Object told) {
        Map<String, Object> members = new HashMap<>();
        members.put(name, told);
        return new Anchor(new byte[32], members).place;
    }

    @Test
    public void takesWholeNumbersByTheirValue() {
        assertEquals(31337L, place("chainId", 31337).get("chainId"));
        assertEquals(816L, place("block", (short) 816).get("block"));
    }

    @Test
    public void keepsANullAsSomethingThatWasTold() {
        assertTrue(place("tx", null).containsKey("tx"));
    }
}
