package shareledger.client;

import java.io.IOException;
import java.io.PrintStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * The client on a command line: {@code java -jar shareledger-client.jar query client.properties 1
 * --purpose RXHY ...}. Rows as JSON on standard output, everything else on standard error.
 *
 * <p>Exit codes: 0 done, 1 refused or asked wrongly, 2 no node answers, 3 something is not proven, 4 a
 * bundle holds as far as the trust file reaches.
 */
public final class Main {
    private static final boolean ENGLISH = "en".equals(System.getenv("SHARELEDGER_LANG"));
    private static final PrintStream OUT = utf8(System.out);
    private static final PrintStream ERR = utf8(System.err);
    private static final List<String> SETTINGS = Arrays.asList(
            "provider", "own", "signingKey", "encryptionKey", "passwordFile", "receipts");

    private Main() {}

    public static void main(String[] arguments) {
        int code;
        try {
            code = run(arguments);
        } catch (LedgerException error) {
            ERR.println(error.code() + " " + error.getMessage());
            if (error instanceof Refusal && ((Refusal) error).receipt() != null) {
                say("该拒绝的回执已核验并留存", "the receipt of this refusal was verified and kept");
            }
            code = exitCode(error);
        }
        OUT.flush();
        System.exit(code);
    }

    private static int exitCode(LedgerException error) {
        if (error.code().equals("peer-unavailable")
                || error instanceof Refusal && ((Refusal) error).isRetryable()) {
            return 2;
        }
        boolean proof = error.code().endsWith("-invalid") && !error.code().equals("config-invalid")
                || error.code().equals("receipt-not-merged") || error.code().equals("malformed-receipt")
                || error.code().equals("malformed-checkpoint")
                || error.code().equals("malformed-envelope");
        return proof && !(error instanceof Refusal) ? 3 : 1;
    }

    private static int run(String[] arguments) {
        if (arguments.length < 2) {
            return usage();
        }
        for (String argument : arguments) {
            // Java decodes arguments by the locale; what it cannot read would be asked and logged.
            LedgerException.require(argument.indexOf('\uFFFD') < 0, "malformed-request",
                    "命令行不是本机字符集 / not in the locale's charset: LC_ALL=C.UTF-8");
        }
        if (arguments[0].equals("evidence")) {
            return arguments.length == 3 ? evidence(arguments[1], arguments[2]) : usage();
        }
        Properties settings = settings(Paths.get(arguments[1]));
        List<String> rest = Arrays.asList(arguments).subList(2, arguments.length);
        switch (arguments[0]) {
            case "query":
                return rest.isEmpty() ? usage() : query(client(settings), rest);
            case "resend":
                return rest.size() == 1 ? print(client(settings).resend(rest.get(0))) : usage();
            case "upgrade":
                return rest.isEmpty() ? upgrade(client(settings)) : usage();
            case "verify":
                return rest.size() == 1 ? verify(settings, rest.get(0)) : usage();
            default:
                return usage();
        }
    }

    private static int usage() {
        say("用法：java -jar shareledger-client.jar 命令 client.properties ……",
                "usage: java -jar shareledger-client.jar COMMAND client.properties ...");
        ERR.println("  query FILE AUTHORISATION --purpose CODE --items A,B --operator WHO --matter NUMBER"
                + " [--where JSON] [--size ROWS] [--after NEXT]");
        ERR.println("  resend FILE EVENT");
        ERR.println("  upgrade FILE");
        ERR.println("  verify FILE EVENT");
        ERR.println("  evidence BUNDLE TRUST");
        return 1;
    }

    private static int query(Client client, List<String> arguments) {
        Map<String, String> options = new HashMap<>();
        List<String> known = Arrays.asList(
                "--purpose", "--items", "--operator", "--matter", "--where", "--size", "--after");
        for (int at = 1; at < arguments.size(); at += 2) {
            boolean fits = known.contains(arguments.get(at)) && at + 1 < arguments.size()
                    && options.put(arguments.get(at), arguments.get(at + 1)) == null;
            LedgerException.require(fits, "malformed-request", arguments.get(at));
        }
        for (String name : known.subList(0, 4)) {
            LedgerException.require(options.containsKey(name), "malformed-request",
                    "缺少 / missing: " + name);
        }
        Query query = new Query(options.get("--purpose"),
                Arrays.asList(options.get("--items").split(",")),
                options.get("--operator"), options.get("--matter"));
        if (options.containsKey("--where")) {
            Object filter = Json.parse(Bytes.utf8(options.get("--where")), "malformed-filter");
            query = query.where(Json.object(filter, "malformed-filter"));
        }
        if (options.containsKey("--size")) {
            query = query.size((int) whole(options.get("--size")));
        }
        if (options.containsKey("--after")) {
            query = query.after(options.get("--after"));
        }
        return print(client.query(whole(arguments.get(0)), query));
    }

    private static long whole(String text) {
        LedgerException.require(text.matches("[1-9][0-9]{0,8}"), "malformed-request", text);
        return Long.parseLong(text);
    }

    private static int print(Answer answer) {
        Map<String, Object> shown = new LinkedHashMap<>();
        shown.put("event", answer.event());
        shown.put("rows", answer.rows());
        shown.put("next", answer.next());
        shown.put("masked", answer.masked());
        shown.put("asOf", answer.asOf());
        OUT.println(new String(Json.render(shown), StandardCharsets.UTF_8));
        say("回执已核验并留存；待上链", "the receipt was verified and kept; its anchor is to come");
        return 0;
    }

    private static int upgrade(Client client) {
        Client.Upgraded done = client.upgradeAll();
        say("已上链 " + done.anchored.size() + "，等待 " + done.waiting.size() + "，未得答复 "
                        + done.unanswered.size() + "，不能证明 " + done.failed.size(),
                "anchored " + done.anchored.size() + ", waiting " + done.waiting.size()
                        + ", unanswered " + done.unanswered.size()
                        + ", not proven " + done.failed.size());
        int code = 0;
        for (Map.Entry<String, LedgerException> each : done.failed.entrySet()) {
            ERR.println(each.getKey() + " " + each.getValue().code() + " "
                    + each.getValue().getMessage());
            code = Math.max(code, exitCode(each.getValue()));
        }
        return code;
    }

    private static int verify(Properties settings, String event) {
        Receipt receipt = new ReceiptFolder(path(settings, "receipts")).load(event).receipt();
        LedgerException.require(receipt != null, "not-found",
                "没有回执，签名后五分钟内可 resend / no receipt yet; resend within five minutes of signing");
        client(settings).verify(receipt);
        say(receipt.isAnchored() ? "回执成立，已上链" : "回执成立，尚未上链",
                receipt.isAnchored() ? "the receipt holds and is anchored"
                        : "the receipt holds and is not anchored yet");
        return 0;
    }

    private static int evidence(String bundle, String trust) {
        TrustFile trusted = TrustFile.parse(bytes(trust));
        Evidence.Report report = Evidence.verify(bytes(bundle), trusted);
        Map<String, Object> shown = new LinkedHashMap<>();
        shown.put("verdict", report.verdict());
        shown.put("event", report.leaf().event());
        shown.put("outcome", report.leaf().outcome());
        shown.put("authorisation", report.leaf().authorisation());
        OUT.println(new String(Json.render(shown), StandardCharsets.UTF_8));
        ERR.println(report.explanation());
        return report.verdict().equals("proven") ? 0 : report.verdict().equals("incomplete") ? 4 : 3;
    }

    private static byte[] bytes(String file) {
        try {
            return Files.readAllBytes(Paths.get(file));
        } catch (IOException error) {
            throw new LedgerException("config-invalid", "读不了 / cannot read " + file, error);
        }
    }

    private static Client client(Properties settings) {
        byte[] password = PrivateKey.readPassword(path(settings, "passwordFile"));
        PrivateKey signing = PrivateKey.loadSigning(path(settings, "signingKey"), password);
        PrivateKey encryption = PrivateKey.loadEncryption(path(settings, "encryptionKey"), password);
        Trust trust = new NodeTrust(settings.getProperty("own"), signing);
        return new Client(settings.getProperty("provider"), signing, encryption, trust,
                new ReceiptFolder(path(settings, "receipts")));
    }

    private static Path path(Properties settings, String name) {
        return Paths.get(settings.getProperty("folder")).resolve(settings.getProperty(name));
    }

    private static Properties settings(Path file) {
        Properties settings = new Properties();
        try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            settings.load(reader);
        } catch (IOException | IllegalArgumentException error) {
            throw new LedgerException(
                    "config-invalid", "读不了配置文件 / cannot read " + file, error);
        }
        for (String name : SETTINGS) {
            LedgerException.require(settings.containsKey(name), "config-invalid",
                    file + " 缺少 / lacks: " + name);
        }
        LedgerException.require(settings.size() == SETTINGS.size(), "config-invalid",
                file + " 只能有 / may only have: " + SETTINGS);
        // Paths in the file are meant from where the file is.
        settings.setProperty("folder", String.valueOf(file.toAbsolutePath().getParent()));
        return settings;
    }

    private static void say(String chinese, String english) {
        ERR.println(ENGLISH ? english : chinese);
    }

    private static PrintStream utf8(PrintStream stream) {
        try {
            return new PrintStream(stream, true, "UTF-8");
        } catch (java.io.UnsupportedEncodingException error) {
            throw new IllegalStateException(error);
        }
    }
}
