package shareledger.client;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

/** A folder of receipts. */
public class ReceiptFolderTest {
    @Rule public final TemporaryFolder temporary = new TemporaryFolder();

    private Call call() throws Exception {
        PrivateKey key = Vectors.key("application");
        Query query = new Query("RXHY", Arrays.asList("XM"), "李老师", "2026-0001");
        Client client = new Client("http://provider.example:8600/", key, key, null, null);
        return client.prepare(1, query.where("XM", "prefix", "张").size(10));
    }

    @Test
    public void keepsACallBeforeItsReceipt() throws Exception {
        Path path = temporary.getRoot().toPath().resolve("receipts");
        ReceiptFolder folder = new ReceiptFolder(path);
        Call call = call();
        folder.begin(call);
        assertNull(folder.load(call.event()).receipt());
        Receipt receipt = Receipt.parse(Vectors.load("log").get("receipt"));
        folder.finish(call, receipt, null);
        ReceiptFolder.Kept kept = folder.load(call.event());
        assertArrayEquals(Json.render(receipt.render()), Json.render(kept.receipt().render()));
        assertEquals(call.request.base(), kept.call().request.base());
        assertArrayEquals(call.request.signature, kept.call().request.signature);
        assertEquals(Collections.singletonList(call.event()), folder.events());
    }

    @Test
    public void replacesAReceiptByNoneButItsOwn() throws Exception {
        Path path = temporary.getRoot().toPath();
        ReceiptFolder folder = new ReceiptFolder(path);
        Call call = call();
        folder.begin(call);
        Receipt anchored = Receipt.parse(Vectors.load("log").get("anchored"));
        folder.finish(call, anchored, null);
        Map<String, Object> bare = new HashMap<>(anchored.render());
        bare.remove("anchored");
        folder.finish(call, Receipt.parse(bare), null);
        assertTrue(folder.load(call.event()).receipt().isAnchored());
        Receipt other = Receipt.parse(Vectors.load("log").get("receipt"));
        bare.put("leaf", Bytes.b64u(Bytes.utf8(new String(other.leafBytes(), "UTF-8")
                .replace("\"custody\":\"own\"", "\"custody\":\"hosted\""))));
        folder.finish(call, Receipt.parse(bare), null);
        assertArrayEquals(anchored.leafBytes(), folder.load(call.event()).receipt().leafBytes());
        assertEquals(2, path.toFile().list().length);
        assertEquals(Collections.singletonList(call.event()), folder.events());
    }

    @Test
    public void isReadableByItsOwnerOnly() throws Exception {
        Path path = temporary.getRoot().toPath().resolve("receipts");
        ReceiptFolder folder = new ReceiptFolder(path);
        Call call = call();
        folder.begin(call);
        folder.begin(call);
        Path file = path.resolve(call.event() + ".json");
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
        assertEquals(1, path.toFile().list().length);
    }

    @Test
    public void leadsNowhereElse() throws Exception {
        ReceiptFolder folder = new ReceiptFolder(temporary.getRoot().toPath());
        Vectors.refuses("malformed-request", () -> folder.load("../" + call64()));
        Vectors.refuses("not-found", () -> folder.load(call64()));
        assertTrue(folder.events().isEmpty());
    }

    private static String call64() {
        return String.join("", Collections.nCopies(32, "ab"));
    }
}
