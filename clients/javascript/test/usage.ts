// Compiled, never run: the types as a caller in TypeScript meets them (`make types`).
import {
  LedgerClient,
  LedgerError,
  loadOpener,
  loadSigner,
  Receipt,
  ReceiptFolder,
  STATUSES,
  verifyEvidence,
  type Answer,
  type Signer,
} from "../src/index.js";

const device: Signer = { keyid: "00".repeat(32), sign: async () => new Uint8Array(64) };

export async function use(): Promise<Answer | undefined> {
  const opener = await loadOpener("open.key", "password");
  const receipts = new ReceiptFolder("receipts");
  const own = "http://127.0.0.1:8603";
  const client = new LedgerClient({ provider: "http://127.0.0.1:8602", own, signer: device, opener, receipts });
  new LedgerClient({ provider: own, own, signer: await loadSigner("call.key", "password"), opener });
  const query = { purpose: "RXHY", items: ["XM"], where: { XM: { eq: "张三" } }, operator: "李老师", matter: "1" };
  try {
    for await (const page of client.pages(1, query)) {
      const number: number = page.remaining.calls + page.rows.length;
      if (number > 0 && page.next === null) return await client.resend(page);
    }
    const answer = await client.send(await client.prepare(1, query));
    const anchored: Receipt = await client.waitAnchored(answer.receipt, 60);
    const { failed } = await client.upgradeKept();
    for (const { path, error } of failed) console.log(path, error.code, anchored.anchored?.size);
    for await (const each of receipts.list()) if (each.receipt) await client.verify(each.receipt);
  } catch (error) {
    if (error instanceof LedgerError && error.retryable) return undefined;
    if (error instanceof LedgerError) console.log(STATUSES.get(error.code), error.receipt?.event, error.facts.kept);
    throw error;
  } finally {
    client.close();
  }
  console.log(verifyEvidence(new Uint8Array(), new Uint8Array()).verdict === "proven");
  // @ts-expect-error a query names its purpose
  return client.query(1, { items: ["XM"], operator: "", matter: "" });
}
