package shareledger.client;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** What a verifier trusts: root key, registry, and a block of the chain (docs/evidence.md 1). */
public final class TrustFile {
    private static final String MALFORMED = "malformed-evidence";
    private static final Set<String> REQUIRED = new HashSet<>(
            Arrays.asList("chainId", "genesisHash", "registry", "rootKey", "head"));

    final long chainId;
    final byte[] genesisHash;
    /** 40 hex digits. */
    final String registry;
    final byte[] rootKey;
    final long headNumber;
    final byte[] headHash;
    /** Hashes of the blocks before the head, one after another; null where they are not listed. */
    private final byte[] blocks;

    private TrustFile(Map<String, Object> members) {
        Set<String> names = new HashSet<>(members.keySet());
        names.remove("blocks");
        LedgerException.require(names.equals(REQUIRED), MALFORMED, "信任文件 / a trust file has others");
        this.chainId = Json.number(members.get("chainId"), MALFORMED);
        this.genesisHash = Bytes.unhex(members.get("genesisHash"), 32, MALFORMED);
        Bytes.unhex(members.get("registry"), 20, MALFORMED);
        this.registry = (String) members.get("registry");
        this.rootKey = Bytes.unhex(members.get("rootKey"), 64, MALFORMED);
        Sm2.publicKey(rootKey, MALFORMED);
        Map<String, Object> head = Json.object(members.get("head"), MALFORMED);
        LedgerException.require(head.size() == 2, MALFORMED, "head is {number, hash}");
        this.headNumber = Json.number(head.get("number"), MALFORMED);
        this.headHash = Bytes.unhex(head.get("hash"), 32, MALFORMED);
        this.blocks = members.containsKey("blocks")
                ? Bytes.unb64u(members.get("blocks"), MALFORMED) : null;
        if (blocks != null) {
            LedgerException.require(blocks.length == 32 * headNumber, MALFORMED, "blocks: the size");
            boolean first = headNumber == 0
                    || Bytes.same(Arrays.copyOf(blocks, 32), genesisHash);
            LedgerException.require(first, MALFORMED, "blocks: the first is not the genesis");
        }
    }

    /** Read a trust file; {@code malformed-evidence} where it is none. */
    public static TrustFile parse(byte[] bytes) {
        return new TrustFile(Json.object(Json.parse(bytes, MALFORMED), MALFORMED));
    }

    /** The hash of a block, or null where the file does not know it. */
    byte[] find(long number) {
        if (number == headNumber) {
            return headHash;
        }
        if (blocks == null || number > headNumber) {
            return null;
        }
        return Arrays.copyOfRange(blocks, (int) (32 * number), (int) (32 * number + 32));
    }
}
