package shareledger.client;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Calls and their receipts, one file each, {@code <event>.json}, readable by their owner only.
 *
 * <p>A file is on disk before its call is sent and its receipt before the answer is handed out. It
 * appears whole or not at all: written aside, forced, renamed, and the folder forced. The body that
 * was asked stands in it, so it holds personal data.
 */
public final class ReceiptFolder {
    private static final int MOST_BYTES = 1024 * 1024;
    private static final String CONFIG = "config-invalid";

    private final Path folder;
    private final boolean posix;

    /** What is kept of one call. */
    public static final class Kept {
        private final Map<String, Object> members;
        final Call call;
        /** Null until an answer, or a refusal with a receipt, has come and was checked. */
        private final Receipt receipt;

        Kept(Map<String, Object> members) {
            this.members = members;
            this.call = Call.parse(members.get("call"));
            Object receipt = members.get("receipt");
            this.receipt = receipt == null ? null : Receipt.parse(receipt);
        }

        public Call call() {
            return call;
        }

        public Receipt receipt() {
            return receipt;
        }
    }

    /** Keep in {@code folder}, which is made if it is missing. */
    public ReceiptFolder(Path folder) {
        this.folder = folder;
        this.posix = folder.getFileSystem().supportedFileAttributeViews().contains("posix");
        try {
            Files.createDirectories(folder, owner("rwx------"));
        } catch (IOException error) {
            throw new LedgerException(CONFIG, "建不了文件夹 / cannot make " + folder, error);
        }
    }

    /** Make the call durable before it is sent; one that is there already stays. */
    void begin(Call call) {
        if (Files.exists(path(call.event()))) {
            return;
        }
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("v", 1);
        members.put("call", call.render());
        write(call.event(), members);
    }

    /**
     * Add a checked receipt; {@code opening} are the salts of an answer, null for a refusal. A receipt
     * that is kept is replaced by none but its own with an anchor: another leaf of the same event is
     * evidence against the provider, and is kept beside it under the leaf's hash.
     */
    void finish(Call call, Receipt receipt, Map<String, Object> opening) {
        Kept kept = load(call.event());
        Map<String, Object> members = new LinkedHashMap<>(kept.members);
        if (opening != null) {
            members.put("opening", opening);
        }
        String name = call.event();
        if (kept.receipt != null && !Bytes.same(kept.receipt.leafBytes(), receipt.leafBytes())) {
            name += "-" + Bytes.hex(Tree.leafHash(receipt.leafBytes())).substring(0, 16);
            members.put("receipt", receipt.render());
        } else if (kept.receipt == null || !kept.receipt.isAnchored()) {
            members.put("receipt", receipt.render());
        }
        write(name, members);
    }

    /** Replace a kept receipt by the same with its anchor. */
    void upgrade(String event, Receipt anchored) {
        Map<String, Object> members = new LinkedHashMap<>(load(event).members);
        members.put("receipt", anchored.render());
        write(event, members);
    }

    /** What is kept of an event, 64 hex digits; {@code not-found} where nothing is. */
    public Kept load(String event) {
        Path file = path(event);
        try {
            LedgerException.require(
                    Files.size(file) <= MOST_BYTES, "malformed-receipt", file + " is too large");
            Object read = Json.parse(Files.readAllBytes(file), "malformed-receipt");
            return new Kept(Json.object(read, "malformed-receipt"));
        } catch (NoSuchFileException error) {
            throw new LedgerException("not-found", "没有 / there is no " + file, error);
        } catch (IOException error) {
            throw new LedgerException(CONFIG, "读不了 / cannot read " + file, error);
        }
    }

    /** All events that something is kept of, the oldest first: event ids begin with the second. */
    public List<String> events() {
        List<String> events = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.json")) {
            for (Path file : files) {
                String name = file.getFileName().toString();
                if (name.matches("[0-9a-f]{64}\\.json")) {
                    events.add(name.substring(0, 64));
                }
            }
        } catch (IOException error) {
            throw new LedgerException(CONFIG, "读不了 / cannot read " + folder, error);
        }
        Collections.sort(events);
        return events;
    }

    private Path path(String event) {
        Bytes.unhex(event, 32, "malformed-request");
        return folder.resolve(event + ".json");
    }

    private FileAttribute<?>[] owner(String permissions) {
        // Where the file system has no such permissions, the folder's own rules hold.
        return posix
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(
                        PosixFilePermissions.fromString(permissions))}
                : new FileAttribute<?>[0];
    }

    private void write(String name, Map<String, Object> members) {
        Path file = folder.resolve(name + ".json");
        Path aside = folder.resolve("." + name + "." + Bytes.hex(Bytes.random(8)));
        try {
            try (FileChannel channel = FileChannel.open(aside,
                    EnumSet.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW),
                    owner("rw-------"))) {
                ByteBuffer bytes = ByteBuffer.wrap(Json.render(members));
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                // Before the rename: or a crash leaves the name of an empty file.
                channel.force(true);
            }
            Files.move(aside, file,
                    StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            if (posix) {
                // The new name is durable only with its folder; Windows has no such call.
                try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
                    channel.force(true);
                }
            }
        } catch (FileAlreadyExistsException error) {
            throw new LedgerException("already-exists", file.toString(), error);
        } catch (IOException error) {
            throw new LedgerException(CONFIG, "写不了 / cannot write " + file + ": " + error, error);
        } finally {
            aside.toFile().delete();
        }
    }
}
