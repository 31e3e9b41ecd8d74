package shareledger.client;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;

/** Verdicts on bundles: {@code Verdicts TRUST BUNDLE...}, one verdict or code a line. */
public final class Verdicts {
    private Verdicts() {}

    public static void main(String[] arguments) throws Exception {
        TrustFile trust = TrustFile.parse(Files.readAllBytes(Paths.get(arguments[0])));
        for (int at = 1; at < arguments.length; at++) {
            Path bundle = Paths.get(arguments[at]);
            String verdict;
            try {
                verdict = Evidence.verify(Files.readAllBytes(bundle), trust).verdict();
            } catch (LedgerException error) {
                verdict = error.code();
            }
            System.out.println(verdict);
        }
    }
}
