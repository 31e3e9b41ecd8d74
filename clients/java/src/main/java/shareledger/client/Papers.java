package shareledger.client;

import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The documents behind decisions: what each kind must say (docs/protocol.md 2.2). */
final class Papers {
    private static final int MOST_BYTES = 262_144;
    private static final String[] GRADES = {"一般1级", "一般2级", "一般3级", "一般4级", "重要", "核心"};
    private static final String[] SHARE_TYPES = {"无条件共享", "有条件共享", "不予共享"};
    private static final String[] MODES = {"服务接口", "批量交换", "文件下载", "统计分析"};
    private static final String[] LAWS = {"法律", "行政法规", "国务院决定"};
    /** Characters nobody sees: control, format, filler, line separators. */
    private static final String UNSEEN = "\\x{00}-\\x{1F}\\x{7F}-\\x{9F}\\x{AD}\\x{34F}"
            + "\\x{600}-\\x{605}\\x{61C}\\x{6DD}\\x{70F}\\x{890}\\x{891}\\x{8E2}\\x{115F}\\x{1160}"
            + "\\x{17B4}\\x{17B5}\\x{180E}\\x{200B}-\\x{200F}\\x{2028}-\\x{202E}\\x{2060}-\\x{206F}"
            + "\\x{2800}\\x{3164}\\x{FEFF}\\x{FFA0}\\x{FFF0}-\\x{FFFB}\\x{110BD}\\x{110CD}"
            + "\\x{13430}-\\x{1343F}\\x{1BCA0}-\\x{1BCA3}\\x{1D173}-\\x{1D17A}\\x{E0000}-\\x{E00FF}"
            + "\\x{E01F0}-\\x{E0FFF}";
    private static final java.util.regex.Pattern HIDDEN =
            java.util.regex.Pattern.compile("[" + UNSEEN + "]");

    private Papers() {}

    /** What a value must be; says no by throwing. */
    private interface Check {
        void check(Object value, String where);
    }

    /** Read a document; its members hold. */
    static Map<String, Object> parse(byte[] bytes, String where) {
        Evidence.require(bytes.length <= MOST_BYTES, where, "a document that is too large");
        Map<String, Object> members = Json.object(
                Json.parseCanonical(bytes, "evidence-invalid"), "evidence-invalid");
        Check kind = KINDS.get(String.valueOf(members.get("type")));
        Evidence.require(kind != null, where, "a document of no kind");
        kind.check(members, where);
        return members;
    }

    private static void require(boolean holds, String where, String problem) {
        Evidence.require(holds, where, problem);
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> map(Object value) {
        return (Map<String, Object>) value;
    }

    @SuppressWarnings("unchecked")
    static List<Object> list(Object value) {
        return (List<Object>) value;
    }

    private static Check text(int most, boolean lines) {
        return (value, where) -> {
            require(value instanceof String, where, "not a text");
            String text = (String) value;
            int length = text.codePointCount(0, text.length());
            require(length >= 1 && length <= most, where, "a text of another length");
            require(!blank(text.codePointAt(0)) && !blank(text.codePointBefore(text.length())), where,
                    "white space at an end");
            String seen = lines ? text.replace("\n", "") : text;
            require(!HIDDEN.matcher(seen).find(), where, "a character nobody sees");
        };
    }

    private static boolean blank(int character) {
        return Character.isWhitespace(character) || Character.isSpaceChar(character);
    }

    private static Check pattern(String pattern) {
        return (value, where) -> require(
                value instanceof String && ((String) value).matches(pattern), where, "another form");
    }

    private static Check one(String... words) {
        Set<String> known = new HashSet<>(Arrays.asList(words));
        return (value, where) -> require(known.contains(value), where, "not one of the words");
    }

    private static Check number(long least, long most) {
        return (value, where) -> require(
                value instanceof Long && (Long) value >= least && (Long) value <= most, where,
                "not a number in range");
    }

    private static Check orNull(Check check) {
        return (value, where) -> {
            if (value != null) {
                check.check(value, where);
            }
        };
    }

    private static Check list(int least, int most, Check each) {
        return (value, where) -> {
            require(value instanceof List, where, "not a list");
            List<Object> values = list(value);
            require(values.size() >= least && values.size() <= most, where, "a list too short or long");
            for (Object element : values) {
                each.check(element, where);
            }
        };
    }

    private static Check distinct(int least, int most, Check each) {
        Check list = list(least, most, each);
        return (value, where) -> {
            list.check(value, where);
            require(new HashSet<>(list(value)).size() == list(value).size(), where, "one twice");
        };
    }

    private static Check all(Check first, Check second) {
        return (value, where) -> {
            first.check(value, where);
            second.check(value, where);
        };
    }

    /** An object of exactly these members, {@code "a b c", check, "d", check, ...}. */
    private static Check object(Object... parts) {
        Map<String, Check> members = new LinkedHashMap<>();
        for (int at = 0; at < parts.length; at += 2) {
            for (String name : ((String) parts[at]).split(" ")) {
                members.put(name, (Check) parts[at + 1]);
            }
        }
        return (value, where) -> {
            require(value instanceof Map, where, "not an object");
            Set<String> names = new HashSet<>(map(value).keySet());
            require(names.equals(members.keySet()), where, "other members");
            for (Map.Entry<String, Check> member : members.entrySet()) {
                String place = where + "." + member.getKey();
                member.getValue().check(map(value).get(member.getKey()), place);
            }
        };
    }

    private static Check byKey(Check key, Check each) {
        return (value, where) -> {
            require(value instanceof Map, where, "not an object");
            for (Map.Entry<String, Object> member : map(value).entrySet()) {
                key.check(member.getKey(), where);
                each.check(member.getValue(), where + "." + member.getKey());
            }
        };
    }

    private static final Check TEXT = text(8000, true);
    private static final Check NAME = text(200, false);
    private static final Check FLAG =
            (value, where) -> require(value instanceof Boolean, where, "not a boolean");
    private static final Check DEPARTMENT = pattern("[0-9A-Z]{18}");
    private static final Check HEX32 = pattern("[0-9a-f]{64}");
    private static final Check PERSON = all(HEX32, (value, where) ->
            require(!value.equals(Ledger.ZERO), where, "nobody"));
    private static final Check CODE = pattern("(?=.{1,64}$)[0-9A-Za-z][0-9A-Za-z._-]*");
    private static final Check ENTRY = pattern("(?=.{1,64}$)[0-9A-Za-z._-]+/[0-9A-Za-z._-]+");
    private static final Check ITEM = pattern("[0-9A-Za-z_]{1,64}");
    private static final Check COUNT = number(1, (1L << 32) - 1);
    private static final Check NUMBER = number(1, Json.LARGEST);
    private static final Check MASK = pattern("full|year|keep:[0-9]{1,3},[0-9]{1,3}");
    private static final Check NAMED = object("code", CODE, "name", NAME);
    private static final Check CONTACT = object("name phone", NAME);
    private static final Check PARTIES = object("provider consumer", DEPARTMENT);
    private static final Check PUBLIC_KEY = (value, where) -> {
        pattern("[0-9a-f]{128}").check(value, where);
        try {
            Sm2.publicKey(Evidence.unhex((String) value), "malformed-key");
        } catch (LedgerException error) {
            throw Evidence.refuse(where, "not a point of the curve");
        }
    };
    private static final Check DAY = (value, where) -> {
        pattern("2[01][0-9]{2}-[0-9]{2}-[0-9]{2}").check(value, where);
        try {
            LocalDate.parse((String) value);
        } catch (DateTimeParseException error) {
            throw Evidence.refuse(where, "not a day");
        }
    };
    private static final Check HEAD =
            object("name post", NAME, "person", PERSON, "publicKey", PUBLIC_KEY);
    private static final Check VALUE = (value, where) -> {
        boolean text = value instanceof String
                && ((String) value).codePointCount(0, ((String) value).length()) <= 512;
        require(text || value instanceof Long || value instanceof Boolean, where, "not a value");
    };
    private static final Check ATTACHMENT = object("name", NAME,
            "media", pattern("[a-z]+/[0-9a-z.+-]+"), "size", number(0, Json.LARGEST), "sm3", HEX32);

    /** After the checks it is made of. */
    private static final Map<String, Check> KINDS = kinds();

    /** A kind: its members, the ones every document has, and a rule about them together. */
    private static void kind(Map<String, Check> kinds, String type, Check rule, Object... parts) {
        Object[] own = Arrays.copyOf(parts, parts.length + 4);
        own[parts.length] = "type salt";
        own[parts.length + 1] = pattern("[0-9A-Za-z_-]+");
        own[parts.length + 2] = "v";
        own[parts.length + 3] = number(1, 1);
        Check exact = object(own);
        kinds.put(type, (value, where) -> {
            Map<String, Object> members = new HashMap<>(map(value));
            if (members.containsKey("attachments")) {
                list(0, 64, ATTACHMENT).check(members.remove("attachments"), where + ".attachments");
            }
            exact.check(members, where);
            byte[] salt = Bytes.unb64u(members.get("salt"), "evidence-invalid");
            require(salt.length == 16, where, "a salt of another size");
            if (members.containsKey("validUntil")) {
                String from = (String) members.get("validFrom");
                require(from.compareTo((String) members.get("validUntil")) <= 0, where, "the period");
            }
            rule.check(value, where);
        });
    }

    private static boolean isNull(Object members, String name) {
        return map(members).get(name) == null;
    }

    private static String word(Object members, String name) {
        return (String) map(members).get(name);
    }

    private static Map<String, Check> kinds() {
        Map<String, Check> kinds = new HashMap<>();
        Check free = (value, where) -> { };
        kind(kinds, "department", (value, where) -> require(isCode(word(value, "code")), where,
                        "the check digit of the code"),
                "code parent competent", DEPARTMENT, "name region", NAME,
                "kind", one("政府部门", "授权组织", "党委或司法机关", "公用事业", "其他"),
                "level", one("国家", "省", "市", "县", "乡"), "screening mayEnrol", FLAG,
                "duties", list(0, 200, TEXT), "url", (Check) Papers::url,
                "custody host", free, "contact", CONTACT, "head", orNull(HEAD));
        kinds.computeIfPresent("department", (name, check) -> all(check, Papers::custody));
        kind(kinds, "department-status", free, "department", DEPARTMENT,
                "order", one("恢复", "停用", "关闭"), "reason", TEXT);
        kind(kinds, "recovery", free, "department", DEPARTMENT, "head", HEAD, "reason", TEXT);
        Check sealed = object("publicKey", PUBLIC_KEY, "validFrom validUntil", DAY);
        kind(kinds, "key", all(Papers::custody, Papers::key), "validFrom validUntil", DAY,
                "holder", object("department", DEPARTMENT, "application", orNull(CODE)),
                "kind", one("部门", "应用系统"), "name", NAME, "publicKey", PUBLIC_KEY,
                "encryptionKey", orNull(sealed), "ed25519", orNull(HEX32), "custody host", free);
        kind(kinds, "revocation", free, "department", DEPARTMENT, "key", HEX32, "reason", TEXT,
                "since", orNull(DAY));
        kind(kinds, "roles", free, "validFrom validUntil", DAY, "department", DEPARTMENT,
                "key", HEX32, "post", NAME, "deputy", FLAG, "reason", TEXT,
                "roles", distinct(0, 6, one(Derived.ROLES)));
        kind(kinds, "application-object", free, "department", DEPARTMENT, "code", CODE, "name", NAME,
                "description", TEXT, "network", one("政务外网", "互联网", "部门专网"),
                "protectionLevel", number(1, 5), "contact", CONTACT);
        version(kinds);
        Check answer = (value, where) -> require(
                !isNull(value, "reason") || Boolean.TRUE.equals(map(value).get("publish"))
                        || Boolean.TRUE.equals(map(value).get("accept")), where, "a reason");
        kind(kinds, "review", Papers::entriesOnce, "competent", DEPARTMENT, "reviewer", NAME,
                "opinion", TEXT, "reviews", list(1, 2000, all(object("department", DEPARTMENT,
                        "code", ENTRY, "version", COUNT, "publish", FLAG, "reason", orNull(TEXT),
                        "subject", HEX32), answer)));
        kind(kinds, "withdrawal", Papers::entriesOnce, "department", DEPARTMENT, "withdrawals",
                list(1, 2000, object("code", ENTRY, "version", COUNT, "reason", TEXT)));
        kind(kinds, "withdrawal-review", Papers::entriesOnce, "competent", DEPARTMENT,
                "reviewer", NAME, "opinion", TEXT, "reviews", list(1, 2000, all(object("department",
                        DEPARTMENT, "code", ENTRY, "version", COUNT, "accept", FLAG,
                        "reason", orNull(TEXT), "subject", HEX32), answer)));
        for (String order : new String[] {"freeze-order", "unfreeze-order"}) {
            kind(kinds, order, free, "competent department", DEPARTMENT, "code", ENTRY, "reason", TEXT);
        }
        kind(kinds, "log-succession", free, "department", DEPARTMENT,
                "relay", pattern("[0-9a-f]{40}"), "reason", TEXT);
        kind(kinds, "officer-key", free, "validFrom validUntil", DAY, "department", DEPARTMENT,
                "name post", NAME, "person", PERSON, "publicKey", PUBLIC_KEY);
        sharing(kinds, free);
        return kinds;
    }

    private static void version(Map<String, Check> kinds) {
        Check item = object("code", ITEM, "name", NAME, "type", one("字符型C", "数值型N", "货币型Y",
                        "日期型D", "日期时间型T", "逻辑型L", "备注型M", "通用型G", "双精度型B", "整型I",
                        "浮点型F"), "length", orNull(COUNT), "scale", orNull(number(0, 38)),
                "shareType", one(SHARE_TYPES), "grade", one(GRADES), "mask", orNull(MASK),
                "nullable filterable", FLAG);
        Check basis = object("kind", one(LAWS), "title article", NAME);
        Check assessment = object("kind", one("保密审查", "个人信息保护影响评估", "数据安全评估"),
                "conclusion", TEXT, "date", DAY, "attachment", orNull(NAME));
        kind(kinds, "catalogue-version", Papers::entryVersion, "department", DEPARTMENT,
                "code", ENTRY, "version", COUNT, "name provider providerCode sourceSystem", NAME,
                "classification", list(1, 4, NAME), "abstract duty", TEXT,
                "format", one("电子文件", "电子表格", "数据库", "图形图像", "流媒体", "自描述格式",
                        "服务接口"),
                "items", list(1, 256, item), "shareType", one(SHARE_TYPES),
                "conditions", orNull(object("scopes", list(1, 50, TEXT),
                        "purposes", list(1, 100, NAMED), "others", list(0, 50, TEXT))),
                "notShared", orNull(object("reason", TEXT, "basis", basis)),
                "modes", distinct(0, 4, one(MODES)),
                "opening", object("open", FLAG, "condition", orNull(TEXT)),
                "updateCycle", one("实时", "每日", "每周", "每月", "每季度", "每半年", "每年", "其他"),
                "updateNote", orNull(TEXT), "grade", one(GRADES), "personalInformation", FLAG,
                "secret", (Check) (value, where) -> require(
                        Boolean.FALSE.equals(value), where, "secret"),
                "assessments", list(1, 20, assessment), "relatedCodes", list(0, 100, ENTRY));
    }

    private static void sharing(Map<String, Check> kinds, Check free) {
        Object[] granted = {"validFrom validUntil", DAY, "items", distinct(1, 256, ITEM),
            "callsPerDay rowsPerDay", COUNT, "terms", orNull(HEX32)};
        kind(kinds, "application", free, join(granted, "department", DEPARTMENT,
                "entry", object("department", DEPARTMENT, "code", ENTRY, "version", COUNT,
                        "name", NAME),
                "purpose application", NAMED, "mode", one(MODES),
                "basis", list(1, 20, object("title", NAME, "article", orNull(NAME),
                        "text", orNull(TEXT))),
                "scenario scope security", TEXT, "handler", CONTACT));
        Check grant = all(object(join(granted, "mode", one(MODES))), (value, where) -> require(
                word(value, "validFrom").compareTo(word(value, "validUntil")) <= 0, where, "the period"));
        Check ground = all(object("kind", one("共享条件", "法律", "行政法规", "国务院决定", "必要性",
                        "合法性", "真实性"), "citation", TEXT, "article", orNull(NAME)),
                (value, where) -> require(Arrays.asList(LAWS).contains(word(value, "kind"))
                        != isNull(value, "article"), where, "the article"));
        kind(kinds, "reply", Papers::reply, "authorisation", NUMBER, "parties", PARTIES,
                "subject", HEX32, "answer", one("同意", "部分同意", "不同意"),
                "grant", orNull(grant), "refusals", list(0, 256, object("item", ITEM,
                        "reason", TEXT, "ground", ground)), "opinion", TEXT, "handler", CONTACT);
        String[] steps = Arrays.stream(Derived.STEPS)
                .filter(step -> !step.equals("提出变更") && !step.equals("同意变更"))
                .toArray(String[]::new);
        kind(kinds, "step", Papers::step, "authorisation", NUMBER, "parties", PARTIES,
                "step", one(steps), "revision", COUNT, "subject", orNull(HEX32), "reason", TEXT,
                "points", list(0, 50, TEXT), "measures", orNull(TEXT), "due effective", orNull(DAY),
                "outcome", orNull(one(Derived.OUTCOMES)));
        kind(kinds, "change", free, join(granted, "authorisation", NUMBER, "parties", PARTIES,
                "step", one("提出变更", "同意变更"), "revision", COUNT, "subject", HEX32,
                "reason", TEXT, "handler", CONTACT));
        Check comparisons = (value, where) -> {
            require(value instanceof Map && !map(value).isEmpty(), where, "no comparison");
            for (Map.Entry<String, Object> each : map(value).entrySet()) {
                one("eq", "ge", "le", "in", "prefix").check(each.getKey(), where);
                (each.getKey().equals("in") ? list(1, 100, VALUE) : VALUE)
                        .check(each.getValue(), where);
                boolean prefix = !each.getKey().equals("prefix") || each.getValue() instanceof String;
                require(prefix, where, "a prefix is a text");
            }
        };
        kind(kinds, "terms", free, "provider", DEPARTMENT, "consumer", orNull(DEPARTMENT),
                "rowScope", byKey(ITEM, comparisons), "filterOnly", distinct(0, 256, ITEM),
                "masks", byKey(ITEM, MASK), "disposal", object("method", one("销毁", "退回", "归档"),
                        "days", number(0, 3660), "note", orNull(TEXT)));
    }

    private static Object[] join(Object[] first, Object... second) {
        Object[] whole = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, whole, first.length, second.length);
        return whole;
    }

    private static void url(Object value, String where) {
        String label = "[0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?";
        pattern("(?=.{1,200}$)https?://(" + label + "(\\." + label + ")*|\\[[0-9A-Fa-f:.]{2,45}\\])"
                + "(:[0-9]{1,5})?").check(value, where);
    }

    private static void custody(Object value, String where) {
        boolean own = "own".equals(map(value).get("custody")) && isNull(value, "host");
        if (!own) {
            require("hosted".equals(map(value).get("custody")), where, "custody");
            DEPARTMENT.check(map(value).get("host"), where + ".host");
        }
    }

    private static void key(Object value, String where) {
        boolean application = word(value, "kind").equals("应用系统");
        Map<String, Object> sealed = map(map(value).get("encryptionKey"));
        boolean fits = application == !isNull(map(value).get("holder"), "application")
                && application == (sealed != null) && application == isNull(value, "ed25519");
        require(fits, where, "members that do not fit the kind of key");
        if (sealed != null) {
            boolean other = !sealed.get("publicKey").equals(map(value).get("publicKey"))
                    && word(sealed, "validFrom").compareTo(word(sealed, "validUntil")) <= 0;
            require(other, where, "the encryption key");
        }
    }

    /** GB 32100: eight digits first, and the check digit. */
    private static boolean isCode(String code) {
        String signs = "0123456789ABCDEFGHJKLMNPQRTUWXY";
        int sum = 0;
        int weight = 1;
        for (int at = 0; at < 18; at++) {
            int value = signs.indexOf(code.charAt(at));
            if (value < 0 || at < 8 && value > 9) {
                return false;
            }
            sum += at < 17 ? value * weight : value;
            weight = weight * 3 % 31;
        }
        return sum % 31 == 0;
    }

    private static void entriesOnce(Object value, String where) {
        Object rows = map(value).getOrDefault("reviews", map(value).get("withdrawals"));
        Set<String> seen = new HashSet<>();
        for (Object row : list(rows)) {
            String entry = map(row).get("department") + " " + map(row).get("code");
            require(seen.add(entry), where, "an entry twice");
        }
    }

    private static int place(String[] words, Object word) {
        return Arrays.asList(words).indexOf(word);
    }

    private static void entryVersion(Object value, String where) {
        String type = word(value, "shareType");
        Set<Object> codes = new HashSet<>();
        int grade = 0;
        for (Object item : list(map(value).get("items"))) {
            require(codes.add(map(item).get("code")), where, "an item twice");
            boolean milder = place(SHARE_TYPES, map(item).get("shareType")) <= place(SHARE_TYPES, type);
            require(milder, where, "an item stricter than its entry");
            grade = Math.max(grade, place(GRADES, map(item).get("grade")));
        }
        require(grade == place(GRADES, map(value).get("grade")), where, "the grade");
        require(type.equals("有条件共享") != isNull(value, "conditions"), where, "conditions");
        require(type.equals("不予共享") != isNull(value, "notShared"), where, "notShared");
        if (!isNull(value, "conditions")) {
            Set<Object> purposes = new HashSet<>();
            for (Object purpose : list(map(map(value).get("conditions")).get("purposes"))) {
                require(purposes.add(map(purpose).get("code")), where, "a purpose twice");
            }
        }
        modes(value, where, type);
        require(word(value, "updateCycle").equals("其他") != isNull(value, "updateNote"), where,
                "updateNote");
        Set<Object> assessed = new HashSet<>();
        Set<Object> attached = new HashSet<>();
        if (map(value).containsKey("attachments")) {
            for (Object attachment : list(map(value).get("attachments"))) {
                attached.add(map(attachment).get("name"));
            }
        }
        for (Object each : list(map(value).get("assessments"))) {
            assessed.add(map(each).get("kind"));
            boolean there = isNull(each, "attachment") || attached.contains(map(each).get("attachment"));
            require(there, where, "an attachment that is not there");
        }
        boolean personal = Boolean.TRUE.equals(map(value).get("personalInformation"));
        require(assessed.contains("保密审查") && (!personal || assessed.contains("个人信息保护影响评估")),
                where, "an assessment is missing");
        require(!list(map(value).get("relatedCodes")).contains(map(value).get("code")), where,
                "its own code among the related");
    }

    private static void modes(Object value, String where, String type) {
        List<Object> modes = list(map(value).get("modes"));
        List<String> allowed;
        switch (word(value, "format")) {
            case "电子文件":
            case "图形图像":
            case "流媒体":
                allowed = Arrays.asList("文件下载");
                break;
            case "数据库":
                allowed = Arrays.asList("服务接口", "批量交换", "统计分析");
                break;
            case "服务接口":
                allowed = Arrays.asList("服务接口", "统计分析");
                break;
            default:
                allowed = Arrays.asList(MODES);
        }
        boolean fits = type.equals("不予共享")
                ? Arrays.asList("统计分析").containsAll(modes)
                : !modes.isEmpty();
        require(fits && allowed.containsAll(modes), where, "modes that do not fit");
    }

    private static void reply(Object value, String where) {
        String answer = word(value, "answer");
        List<Object> refusals = list(map(value).get("refusals"));
        require(answer.equals("不同意") == isNull(value, "grant"), where, "the grant");
        require(answer.equals("同意") == refusals.isEmpty(), where, "the refusals");
        Set<Object> items = new HashSet<>();
        if (!isNull(value, "grant")) {
            items.addAll(list(map(map(value).get("grant")).get("items")));
        }
        for (Object refusal : refusals) {
            require(items.add(map(refusal).get("item")), where, "an item twice, or granted");
        }
    }

    private static void step(Object value, String where) {
        String step = word(value, "step");
        boolean protective = Arrays.asList("暂停", "接管暂停", "因违规终止").contains(step);
        require(protective == isNull(value, "subject"), where, "the subject");
        require(step.equals("要求补正") != list(map(value).get("points")).isEmpty(), where, "points");
        require(step.equals("终止服务") != isNull(value, "effective"), where, "effective");
        require(step.equals("争议裁定") != isNull(value, "outcome"), where, "the outcome");
    }
}
