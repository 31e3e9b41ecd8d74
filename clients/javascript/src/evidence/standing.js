// What a call by one key under one authorisation is judged by, as it stands in the ledger, and what the ledger alone
// says to the call (docs/evidence.md 3.8, 3.9).
import { SERVED } from "../leaf.js";
import { CALLABLE, STATE } from "./authorisations.js";
import { hold } from "./refusing.js";
import { isInForce, KIND } from "./rules.js";

const QUERY = 1n;
const LEDGERS = [
  ...["authorisation-unknown", "department-suspended", "entry-frozen", "authorisation-suspended", "authorisation-terminated"],
  ...["authorisation-not-agreed", "authorisation-not-started", "authorisation-expired", "mode-not-granted"],
];

/** What a call is judged by; `whole` is equal where nothing of it changed. */
export function standingOf(ledger, authorisation, keyid, judged) {
  const key = ledger.keys.get(keyid);
  const found = ledger.authorisations.all.get(BigInt(authorisation));
  const one = found && { ...found };
  const application = key?.kind === KIND.application;
  const statuses = one && [one.provider, one.consumer].map((code) => ledger.department(code).status);
  const frozen = one && ledger.catalogue.entry(one.entry).frozen;
  const terms = one && [
    ...[one.application, one.entry, one.version, one.revision, one.state, one.items, one.purpose, one.mode],
    ...[one.validFrom, one.validUntil, frozen, ...statuses],
  ];
  return {
    one,
    frozen,
    isLive: application && isInForce(key, BigInt(judged)),
    isOwn: Boolean(application && one && key.holder === one.application),
    isSuspended: Boolean(one && !(ledger.isActive(one.provider) && ledger.isActive(one.consumer))),
    whole: [key?.holder, key?.kind, key?.from, key?.until, key?.revoked !== undefined, ...(terms ?? [])].join(" "),
  };
}

/** The first code that the ledger alone gives the call; undefined where it permits it. */
function refusalOf({ one, frozen, isOwn, isSuspended }, department, judged) {
  if (!isOwn || one.provider !== department) return "authorisation-unknown";
  if (isSuspended) return "department-suspended";
  if (frozen) return "entry-frozen";
  if (!CALLABLE.includes(one.state)) {
    if ([STATE.suspended, STATE.rectified].includes(one.state)) return "authorisation-suspended";
    return one.state >= STATE.terminated ? "authorisation-terminated" : "authorisation-not-agreed";
  }
  if (judged < one.validFrom) return "authorisation-not-started";
  if (judged >= one.validUntil) return "authorisation-expired";
  return one.mode === QUERY ? undefined : "mode-not-granted";
}

/** Check that the outcome a leaf says is the one the ledger gives. */
export function verifyPermission(standing, leaf, department) {
  hold(standing.isLive, "leaf.base", "the application's key was not valid then");
  const refusal = refusalOf(standing, department, BigInt(leaf.judged));
  if (leaf.outcome !== SERVED) {
    const ground = !LEDGERS.includes(leaf.outcome) || leaf.outcome === refusal;
    hold(ground, "leaf.outcome", "the ledger gave no ground for it, or another");
    return;
  }
  hold(refusal === undefined, "leaf.outcome", `the ledger did not permit it: ${refusal}`);
  const { one } = standing;
  const same = leaf.entry === one.entry && BigInt(leaf.version) === one.version && BigInt(leaf.revision) === one.revision;
  hold(same, "leaf.version", "not the authorisation's entry, version, revision");
  const [asked, masked] = [BigInt(`0x${leaf.items}`), BigInt(`0x${leaf.masked}`)];
  hold(asked > 0n && (asked & ~one.items) === 0n, "leaf.items", "items that were not granted");
  hold((masked & ~asked) === 0n, "leaf.masked", "not among the items");
}
