// What the package offers; its types and words are in index.d.ts.
export { LedgerClient } from "./client.js";
export { LedgerError, STATUSES } from "./errors.js";
export { verifyEvidence } from "./evidence/evidence.js";
export { ReceiptFolder } from "./folder.js";
export { Http } from "./http.js";
export { loadOpener, loadSigner, SoftwareOpener, SoftwareSigner } from "./keys.js";
export { Receipt, verifyAnchored, verifyReceipt } from "./receipt.js";
