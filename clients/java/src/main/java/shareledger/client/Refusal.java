package shareledger.client;

import java.util.Map;

/** A refusal of a node (problem+json); its receipt, if its code has one, was checked. */
public final class Refusal extends LedgerException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final transient Map<String, Object> members;
    private final transient Receipt receipt;

    Refusal(int status, String code, String detail, Map<String, Object> members, Receipt receipt) {
        super("", code, detail, null);
        this.status = status;
        this.members = members;
        this.receipt = receipt;
    }

    /** The same refusal, with the receipt that was checked. */
    Refusal with(Receipt checked) {
        return new Refusal(status, code(), String.valueOf(getMessage()), members, checked);
    }

    public int status() {
        return status;
    }

    /** All members of the problem as they came; those beside {@code receipt} are the node's word. */
    public Map<String, Object> members() {
        return members;
    }

    /** The checked receipt, or null where the code has none. */
    public Receipt receipt() {
        return receipt;
    }

    /** Tell whether the same call may be sent again later (docs/protocol.md section 7: 503, 429). */
    public boolean isRetryable() {
        return status == 503;
    }
}
