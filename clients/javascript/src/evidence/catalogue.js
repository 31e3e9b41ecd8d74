// Catalogue entries, and the rules of CatalogueRegistry's decisions (docs/evidence.md 3.4).
import { hashOf, isBetween, ROLE } from "./rules.js";
import { ZERO } from "./refusing.js";

const [SUBMITTED, PUBLISHED, RETURNED] = [1, 2, 3];
const UNCONDITIONAL = 1n;
const NO_REPLY = { standing: false, calls: 0n, rows: 0n, terms: ZERO };

export class Catalogue {
  entries = new Map();
  #ledger;

  constructor(ledger) {
    this.#ledger = ledger;
  }

  entry(id) {
    const found = this.entries.get(id);
    this.#ledger.hold(found, "the entry is not known");
    return found;
  }

  apply({ name, args }) {
    if (name === "VersionsSubmitted") this.#submit(args);
    else if (name === "VersionsReviewed") this.#review(args);
    else if (name === "StandingReplySet") this.#reply(args);
    else if (name === "WithdrawalSubmitted") this.#withdraw(args);
    else if (name === "WithdrawalReviewed") this.#reviewWithdrawal(args);
    else this.#freeze(args, name === "FreezeOrdered");
  }

  /** What is compared of who signed: the first 8 bytes of his handle. */
  #signer() {
    return this.#ledger.keys.get(this.#ledger.event.args.signingKey).person.slice(0, 16);
  }

  #submit({ department, versions, entries }) {
    const ledger = this.#ledger;
    ledger.accept({ department, roles: ROLE.head });
    ledger.hold(versions.length > 0 && entries.length === versions.length, "entries and versions");
    versions.forEach(({ codeHash, version, shareType, itemCount, digest }, at) => {
      ledger.holdDigest(digest);
      ledger.hold(isBetween(shareType, 3n) && isBetween(itemCount, 256n), "type or items");
      const id = hashOf(department, codeHash);
      ledger.hold(id === entries[at], "not the entry's id");
      const entry = this.entries.get(id) ?? { provider: department, latest: 0n, current: 0n, versions: new Map(), reply: NO_REPLY, frozen: false };
      this.entries.set(id, entry);
      const free = entry.latestState !== SUBMITTED && entry.withdrawal === undefined;
      ledger.hold(version === entry.latest + 1n && free, "not the next version, or one awaits review");
      Object.assign(entry, { latest: version, latestState: SUBMITTED, submitter: this.#signer() });
      entry.versions.set(version, { shareType, itemCount, digest });
    });
  }

  #holdCompetent({ provider }, competent) {
    this.#ledger.hold(this.#ledger.competentOf(provider) === competent, "another competent department");
  }

  #review({ competent, reviews }) {
    const ledger = this.#ledger;
    ledger.hold(reviews.length > 0, "an empty list");
    ledger.accept({ department: competent, roles: ROLE.reviewer });
    for (const { entry: id, version, publish, subject } of reviews) {
      const entry = this.entry(id);
      this.#holdCompetent(entry, competent);
      ledger.hold(version === entry.latest && entry.latestState === SUBMITTED, "no version that awaits review");
      const { digest, shareType } = entry.versions.get(entry.latest);
      ledger.hold(subject === digest, "another document");
      ledger.hold(this.#signer() !== entry.submitter, "reviewed by who submitted it");
      entry.latestState = publish ? PUBLISHED : RETURNED;
      if (publish) entry.current = entry.latest;
      if (publish && shareType !== UNCONDITIONAL) entry.reply = NO_REPLY;
    }
  }

  #reply({ entry: id, standing, callsPerDay: calls, rowsPerDay: rows, terms }) {
    const ledger = this.#ledger;
    const entry = this.entry(id);
    ledger.accept({ department: entry.provider, roles: ROLE.officeHead });
    const fits = entry.versions.get(entry.current)?.shareType === UNCONDITIONAL;
    ledger.hold(fits, "no unconditional version in force");
    ledger.hold(!standing || (calls > 0n && rows > 0n), "quotas");
    entry.reply = { standing, calls, rows, terms };
  }

  #withdraw({ department, withdrawals, digest }) {
    const ledger = this.#ledger;
    ledger.hold(withdrawals.length > 0, "an empty list");
    ledger.accept({ department, roles: ROLE.head });
    ledger.holdDigest(digest);
    for (const { entry: id, version } of withdrawals) {
      const entry = this.entry(id);
      ledger.hold(entry.provider === department && !entry.frozen, "not its own, or frozen");
      const free = entry.latestState !== SUBMITTED && entry.withdrawal === undefined;
      ledger.hold(free, "a version or a withdrawal awaits review");
      ledger.hold(entry.current !== 0n && version === entry.current, "not the version in force");
      Object.assign(entry, { withdrawal: digest, withdrawer: this.#signer() });
    }
  }

  #reviewWithdrawal({ competent, reviews }) {
    const ledger = this.#ledger;
    ledger.hold(reviews.length > 0, "an empty list");
    ledger.accept({ department: competent, roles: ROLE.reviewer });
    for (const { entry: id, version, accept, subject } of reviews) {
      const entry = this.entry(id);
      this.#holdCompetent(entry, competent);
      const asked = entry.withdrawal !== undefined && version === entry.current;
      ledger.hold(asked, "no withdrawal of this version awaits review");
      ledger.hold(subject === entry.withdrawal, "another document");
      ledger.hold(this.#signer() !== entry.withdrawer, "reviewed by who submitted it");
      Object.assign(entry, { withdrawal: undefined, withdrawer: undefined });
      if (accept) Object.assign(entry, { current: 0n, reply: NO_REPLY });
    }
  }

  #freeze({ entry: id, competent, digest }, freezes) {
    const ledger = this.#ledger;
    const entry = this.entry(id);
    ledger.accept({ department: competent, roles: freezes ? ROLE.head | ROLE.duty : ROLE.head });
    this.#holdCompetent(entry, competent);
    ledger.hold(entry.frozen !== freezes, "frozen already, or not");
    if (!freezes) ledger.holdDigest(digest);
    entry.frozen = freezes;
  }
}
