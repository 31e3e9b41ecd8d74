package shareledger.client;

/**
 * What receipts and answers are held against: never the provider's own word. {@link NodeTrust} asks
 * one's own node; who has other means hands in his own. What is not known is {@code not-found}.
 */
public interface Trust {
    /** The department's present log and the keys in force for it now. */
    LogKeys presentLog(String department);

    /** One of a department's logs, from 1, and the keys in force at a second or since. */
    LogKeys logAt(String department, int generation, long second);

    Grant grant(long authorisation);

    /** What the chain holds of a log at exactly {@code size}. */
    Anchor anchor(String department, int generation, long size);

    /** Forget what was kept of earlier answers. */
    default void refresh() {}
}
