package shareledger.client;

import java.util.Collections;
import java.util.HashMap;
import java.util.Map;

/**
 * What went wrong, by a code that is never renamed (docs/protocol.md section 7).
 *
 * <p>The client's own codes are those of the table: <i>-invalid</i> is what a provider cannot prove,
 * <i>malformed-</i> what is no such thing, <i>peer-unavailable</i> a node that does not answer.
 */
public class LedgerException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final Map<String, String> TITLES = titles();

    private final String code;

    public LedgerException(String code, String detail) {
        this(code, detail, null);
    }

    public LedgerException(String code, String detail, Throwable cause) {
        this(TITLES.containsKey(code) ? TITLES.get(code) + "：" : "", code, detail, cause);
    }

    /** With the title that a node gave it. */
    LedgerException(String title, String code, String detail, Throwable cause) {
        super(title + detail, cause);
        this.code = code;
    }

    /** The stable code; decide by it, not by the message. */
    public String code() {
        return code;
    }

    /** Throw {@code code} unless {@code holds}. */
    static void require(boolean holds, String code, String detail) {
        if (!holds) {
            throw new LedgerException(code, detail);
        }
    }

    private static Map<String, String> titles() {
        Map<String, String> titles = new HashMap<>();
        titles.put("malformed-request", "请求格式不正确");
        titles.put("malformed-key", "密钥无效");
        titles.put("malformed-envelope", "加密信封无法打开");
        titles.put("malformed-checkpoint", "检查点格式不正确");
        titles.put("malformed-receipt", "回执格式不正确");
        titles.put("malformed-evidence", "证据包格式不正确");
        titles.put("signature-invalid", "签名无效");
        titles.put("not-found", "未找到");
        titles.put("already-exists", "已存在");
        titles.put("inclusion-invalid", "包含证明不成立");
        titles.put("consistency-invalid", "一致性证明不成立");
        titles.put("checkpoint-invalid", "检查点签名不成立");
        titles.put("receipt-invalid", "回执不成立");
        titles.put("receipt-not-merged", "回执未按时并入日志");
        titles.put("evidence-invalid", "证据不成立");
        titles.put("config-invalid", "配置不正确");
        titles.put("peer-unavailable", "对方节点暂不可用");
        return Collections.unmodifiableMap(titles);
    }
}
