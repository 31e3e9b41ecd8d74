package shareledger.client;

import java.math.BigInteger;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The fields of a decision's struct that follow from its document (docs/protocol.md 2.4). */
final class Derived {
    static final String[] ROLES = {"数据专管员", "工作机构负责人", "部门负责人", "审核员", "审计员", "值班员"};
    static final String[] STEPS = {"审核通过", "审核退回", "要求补正", "补正", "申请延期", "准予延期",
        "不予延期", "撤回", "交付", "确认", "提出变更", "同意变更", "不同意变更", "暂停", "整改", "恢复",
        "因违规终止", "终止服务", "停止使用", "报告处置", "确认处置", "处置异议", "争议裁定", "接管暂停"};
    static final String[] OUTCOMES =
        {"转提供部门", "同意", "不同意", "已交付", "使用中", "暂停", "终止"};
    private static final int[] OUTCOME_STATES = {2, 5, 6, 8, 9, 10, 12};

    private final Map<String, Object> paper;
    private final Map<String, Object> fields = new LinkedHashMap<>();

    private Derived(Map<String, Object> paper) {
        this.paper = paper;
    }

    /** Name the first field in which a struct differs from what its document says; null for none. */
    static String differing(
            Map<String, Object> paper, Map<String, Object> struct, Map<String, Object> version) {
        Derived derived = new Derived(paper);
        try {
            derived.derive((String) paper.get("type"), version);
        } catch (LedgerException error) {
            return "items";
        }
        for (Map.Entry<String, Object> field : derived.fields.entrySet()) {
            Object found = struct.get(field.getKey());
            if (found == null ? field.getValue() != null : !found.equals(field.getValue())) {
                return field.getKey();
            }
        }
        return null;
    }

    private static BigInteger number(long value) {
        return BigInteger.valueOf(value);
    }

    private static BigInteger place(Object word, String... words) {
        return number(1 + Arrays.asList(words).indexOf(word));
    }

    static String department(Object code) {
        return Bytes.hex(Arrays.copyOf(Bytes.ascii((String) code), 32));
    }

    static String codeHash(Object code) {
        return Bytes.hex(Bytes.keccak(Bytes.utf8((String) code)));
    }

    static String under(Object department, Object code) {
        return Bytes.hex(Bytes.keccak(Evidence.unhex(department(department)),
                Evidence.unhex(codeHash(code))));
    }

    private static BigInteger starts(Object day) {
        return number(LocalDate.parse((String) day).atStartOfDay()
                .toEpochSecond(ZoneOffset.ofHours(8)));
    }

    private static BigInteger ends(Object day) {
        return starts(LocalDate.parse((String) day).plusDays(1).toString());
    }

    private static String orZero(Object digest) {
        return digest == null ? Ledger.ZERO : (String) digest;
    }

    private void copy(String... names) {
        for (String name : names) {
            Object value = paper.get(name);
            fields.put(name, value instanceof Long ? number((Long) value) : value);
        }
    }

    private void derive(String type, Map<String, Object> version) {
        switch (type) {
            case "department":
                department();
                break;
            case "department-status":
                owner();
                fields.put("status", place(paper.get("order"), "恢复", "停用", "关闭"));
                break;
            case "recovery":
                owner();
                head(Papers.map(paper.get("head")));
                break;
            case "key":
            case "officer-key":
                key(type.equals("officer-key"));
                break;
            case "revocation":
                copy("key");
                break;
            case "roles":
                roles();
                break;
            case "application-object":
                owner();
                fields.put("codeHash", codeHash(paper.get("code")));
                break;
            case "catalogue-version":
                owner();
                copy("version");
                fields.put("codeHash", codeHash(paper.get("code")));
                fields.put("shareType", place(paper.get("shareType"), "无条件共享", "有条件共享", "不予共享"));
                fields.put("itemCount", number(Papers.list(paper.get("items")).size()));
                break;
            case "review":
                fields.put("reviews", reviews("publish"));
                break;
            case "withdrawal-review":
                fields.put("reviews", reviews("accept"));
                break;
            case "withdrawal":
                withdrawal();
                break;
            case "freeze-order":
            case "unfreeze-order":
                fields.put("entry", under(paper.get("department"), paper.get("code")));
                break;
            case "application":
                application(version);
                break;
            case "reply":
                reply(version);
                break;
            case "step":
                step();
                break;
            case "change":
                copy("authorisation", "revision", "subject");
                fields.put("step", place(paper.get("step"), STEPS));
                granted(paper, version);
                break;
            case "log-succession":
                owner();
                copy("relay");
                break;
            default:
                // Terms bind no field.
        }
    }

    private void owner() {
        fields.put("department", department(paper.get("department")));
    }

    private void department() {
        fields.put("department", department(paper.get("code")));
        fields.put("competent", department(paper.get("competent")));
        copy("screening", "mayEnrol");
        if (paper.get("head") == null) {
            // An enrolment registers a key; its paper must say whose.
            fields.put("headX", null);
            return;
        }
        fields.put("parent", department(paper.get("parent")));
        fields.put("kind",
                place(paper.get("kind"), "政府部门", "授权组织", "党委或司法机关", "公用事业", "其他"));
        fields.put("level", place(paper.get("level"), "国家", "省", "市", "县", "乡"));
        head(Papers.map(paper.get("head")));
    }

    private void head(Map<String, Object> head) {
        point(head.get("publicKey"), "headX", "headY");
        fields.put("person", head.get("person"));
    }

    private void point(Object publicKey, String x, String y) {
        String hex = (String) publicKey;
        fields.put(x, new BigInteger(hex.substring(0, 64), 16));
        fields.put(y, new BigInteger(hex.substring(64), 16));
    }

    private void key(boolean officer) {
        point(paper.get("publicKey"), "qx", "qy");
        fields.put("validFrom", starts(paper.get("validFrom")));
        fields.put("validUntil", ends(paper.get("validUntil")));
        if (officer) {
            fields.put("kind", number(1));
            fields.put("holder", department(paper.get("department")));
            copy("person");
            return;
        }
        Map<String, Object> holder = Papers.map(paper.get("holder"));
        Object application = holder.get("application");
        fields.put("kind", number(paper.get("kind").equals("部门") ? 2 : 3));
        fields.put("holder", application == null ? department(holder.get("department"))
                : under(holder.get("department"), application));
        fields.put("person", Ledger.ZERO);
    }

    private void roles() {
        owner();
        copy("key");
        long bits = 0;
        for (Object role : Papers.list(paper.get("roles"))) {
            bits |= 1L << Arrays.asList(ROLES).indexOf(role);
        }
        fields.put("roles", number(bits));
        fields.put("validFrom", starts(paper.get("validFrom")));
        fields.put("validUntil", ends(paper.get("validUntil")));
    }

    private List<Object> reviews(String answer) {
        List<Object> rows = new ArrayList<>();
        for (Object each : Papers.list(paper.get("reviews"))) {
            Map<String, Object> review = Papers.map(each);
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("entry", under(review.get("department"), review.get("code")));
            row.put("version", number((Long) review.get("version")));
            row.put(answer, review.get(answer));
            row.put("subject", review.get("subject"));
            rows.add(row);
        }
        return rows;
    }

    private void withdrawal() {
        owner();
        List<Object> rows = new ArrayList<>();
        for (Object each : Papers.list(paper.get("withdrawals"))) {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("entry", under(paper.get("department"), Papers.map(each).get("code")));
            row.put("version", number((Long) Papers.map(each).get("version")));
            rows.add(row);
        }
        fields.put("withdrawals", rows);
    }

    private void application(Map<String, Object> version) {
        owner();
        Map<String, Object> entry = Papers.map(paper.get("entry"));
        fields.put("entry", under(entry.get("department"), entry.get("code")));
        fields.put("version", number((Long) entry.get("version")));
        fields.put("purpose", codeHash(Papers.map(paper.get("purpose")).get("code")));
        fields.put("application", under(paper.get("department"),
                Papers.map(paper.get("application")).get("code")));
        mode(paper);
        granted(paper, version);
    }

    private void mode(Map<String, Object> from) {
        fields.put("mode", place(from.get("mode"), "服务接口", "批量交换", "文件下载", "统计分析"));
    }

    private void granted(Map<String, Object> from, Map<String, Object> version) {
        fields.put("validFrom", starts(from.get("validFrom")));
        fields.put("validUntil", ends(from.get("validUntil")));
        fields.put("callsPerDay", number((Long) from.get("callsPerDay")));
        fields.put("rowsPerDay", number((Long) from.get("rowsPerDay")));
        fields.put("terms", orZero(from.get("terms")));
        if (version != null) {
            fields.put("items", bitmap(version, Papers.list(from.get("items"))));
        }
    }

    /** The bitmap of item codes in the order of a version's document. */
    static BigInteger bitmap(Map<String, Object> version, List<Object> chosen) {
        List<Object> codes = new ArrayList<>();
        for (Object item : Papers.list(version.get("items"))) {
            codes.add(Papers.map(item).get("code"));
        }
        BigInteger bits = BigInteger.ZERO;
        for (Object code : chosen) {
            int place = codes.indexOf(code);
            LedgerException.require(place >= 0, "item-not-granted", code + " is no item");
            bits = bits.setBit(place);
        }
        return bits;
    }

    private void reply(Map<String, Object> version) {
        copy("authorisation", "subject");
        fields.put("answer", place(paper.get("answer"), "同意", "部分同意", "不同意"));
        Map<String, Object> grant = Papers.map(paper.get("grant"));
        if (grant == null) {
            fields.put("items", BigInteger.ZERO);
        } else {
            mode(grant);
            granted(grant, version);
        }
    }

    private void step() {
        copy("authorisation", "revision");
        fields.put("step", place(paper.get("step"), STEPS));
        Object outcome = paper.get("outcome");
        fields.put("outcome", number(outcome == null ? 0
                : OUTCOME_STATES[Arrays.asList(OUTCOMES).indexOf(outcome)]));
        Object effective = paper.get("effective");
        fields.put("effective", effective == null ? BigInteger.ZERO : ends(effective));
        fields.put("subject", orZero(paper.get("subject")));
    }
}
