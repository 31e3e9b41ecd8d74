package shareledger.client;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Map;
import org.junit.Assume;

/** The project's vectors, and what the tests say of them. */
final class Vectors {
    /** From the project's folder; elsewhere {@code -Dvectors=FOLDER}. */
    static final Path FOLDER =
            Paths.get(System.getProperty("vectors", "../../tests/vectors"));

    private Vectors() {}

    /** Where only this folder was handed on, without the project, there is nothing to compare with. */
    static void requireFolder() {
        Assume.assumeTrue("no " + FOLDER + ": -Dvectors=FOLDER", Files.isDirectory(FOLDER));
    }

    static Map<String, Object> load(String name) throws IOException {
        requireFolder();
        byte[] bytes = Files.readAllBytes(FOLDER.resolve(name + ".json"));
        return object(Json.parse(bytes, "vectors"));
    }

    static Map<String, Object> object(Object value) {
        return Json.object(value, "vectors");
    }

    static Iterable<Object> list(Object value) {
        return Json.list(value, "vectors");
    }

    static String text(Object members, String name) {
        return (String) object(members).get(name);
    }

    static long number(Object members, String name) {
        return (Long) object(members).get(name);
    }

    static byte[] hex(Object members, String name) {
        String text = text(members, name);
        return Bytes.unhex(text, text.length() / 2, "vectors");
    }

    static PrivateKey key(String name) throws IOException {
        return PrivateKey.of(hex(object(load("keys").get("sm2")).get(name), "d"));
    }

    static void refuses(String code, Runnable act) {
        try {
            act.run();
        } catch (LedgerException error) {
            assertEquals(error.getMessage(), code, error.code());
            return;
        }
        fail("accepted, not " + code);
    }
}
