package shareledger.client;

import static org.junit.Assert.assertEquals;
import static shareledger.client.Vectors.refuses;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

/** Key files of the product and of other tools (tests/vectors/keyfiles). */
public class PrivateKeyTest {
    private static final Path FOLDER = Vectors.FOLDER.resolve("keyfiles");
    private static final byte[] PASSWORD = Bytes.ascii("fixture password");

    @Rule public final TemporaryFolder temporary = new TemporaryFolder();

    @Before
    public void requireFolder() {
        Vectors.requireFolder();
    }

    @Test
    public void isReadAsTheProductWritesIt() throws Exception {
        Path file = FOLDER.resolve("shareledger.pem");
        PrivateKey key = PrivateKey.loadSigning(file, PASSWORD);
        byte[] half = Files.readAllBytes(FOLDER.resolve("shareledger.pem.pub"));
        assertEquals(new String(half, StandardCharsets.US_ASCII).trim(), Bytes.hex(key.publicKey()));
        refuses("malformed-key", () -> PrivateKey.loadEncryption(file, PASSWORD));
        // Where the rounds are few: opening the product's costs 600,000.
        Path quick = FOLDER.resolve("openssl-default.pem");
        refuses("malformed-key", () -> PrivateKey.loadSigning(quick, Bytes.ascii("another")));
    }

    @Test
    public void isReadAsOtherToolsEncryptIt() {
        for (String name : new String[] {"openssl-default", "openssl-sm4", "gmssl-encrypted",
            "emmansun-default", "emmansun-sm3-sm4", "tjfoc-encrypted", "bouncycastle-default",
            "bouncycastle-sha256"}) {
            PrivateKey.loadSigning(FOLDER.resolve(name + ".pem"), PASSWORD);
        }
    }

    @Test
    public void isRefusedInAnyOtherForm() {
        for (String name : new String[] {"openssl-scrypt.pem", "openssl-sec1.pem",
            "openssl-pkcs8.pem", "openssl-p256.pem", "openssl-ed25519.pem", "bouncycastle-3des.pem",
            "emmansun-sm4-gcm.pem", "openssl-sec1.der", "openssl-public.pem", "none.pem"}) {
            refuses("malformed-key", () -> PrivateKey.loadSigning(FOLDER.resolve(name), PASSWORD));
        }
    }

    @Test
    public void isMalformedWithAnyByteLess() throws Exception {
        byte[] whole = Files.readAllBytes(FOLDER.resolve("openssl-default.pem"));
        for (int size = 0; size < whole.length - 40; size += 7) {
            Path file = temporary.getRoot().toPath().resolve(size + ".pem");
            Files.write(file, java.util.Arrays.copyOf(whole, size));
            refuses("malformed-key", () -> PrivateKey.loadSigning(file, PASSWORD));
        }
    }

    @Test
    public void hasAPasswordInAFile() throws Exception {
        Path file = temporary.getRoot().toPath().resolve("password");
        Files.write(file, Bytes.ascii("fixture password\r\nmore\n"));
        assertEquals("fixture password", new String(PrivateKey.readPassword(file), "US-ASCII"));
        Files.write(file, Bytes.ascii("\n"));
        refuses("malformed-key", () -> PrivateKey.readPassword(file));
    }
}
