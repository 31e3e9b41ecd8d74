package shareledger.client;

import java.util.ArrayList;
import java.util.Collections;
import java.math.BigInteger;
import java.util.List;

/** An authorisation as the consumer's own node knows it: what an answer is held against. */
public final class Grant {
    /** Unified social credit code. */
    final String provider;
    /** Entry id, 64 hex digits. */
    final String entry;
    final long version;
    /** All items of the pinned version, in the order of the bitmap. */
    final List<String> itemCodes;

    public Grant(String provider, String entry, long version, List<String> itemCodes) {
        this.provider = provider;
        this.entry = entry;
        this.version = version;
        this.itemCodes = Collections.unmodifiableList(new ArrayList<>(itemCodes));
    }

    /** The bitmap of the items asked for, 64 hex digits; bit 0, the least, is the first item. */
    String bitmap(List<String> chosen) {
        BigInteger bits = BigInteger.ZERO;
        for (String code : chosen) {
            int place = itemCodes.indexOf(code);
            LedgerException.require(
                    place >= 0, "item-not-granted", code + " is no item of the entry's version");
            bits = bits.setBit(place);
        }
        return Bytes.hex(org.bouncycastle.util.BigIntegers.asUnsignedByteArray(32, bits));
    }
}
