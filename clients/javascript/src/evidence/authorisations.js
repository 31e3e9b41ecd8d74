// Share authorisations, and the rules of their decisions (docs/evidence.md 3.4, protocol.md 3.5).
import { isBetween, ROLE } from "./rules.js";
import { ZERO } from "./refusing.js";

export const STATE = {
  applied: 1n, forwarded: 2n, returned: 3n, supplementing: 4n, agreed: 5n, refused: 6n, withdrawn: 7n, delivered: 8n,
  active: 9n, suspended: 10n, rectified: 11n, terminated: 12n, disposed: 13n, closed: 14n,
}; // prettier-ignore
const { applied, forwarded, supplementing, agreed, refused, delivered, active, suspended, rectified, terminated, disposed } = STATE;
const [OPEN, HALTED] = [[applied, forwarded], [suspended, rectified]];
export const CALLABLE = [agreed, delivered, active];
const SERVED = [...CALLABLE, ...HALTED];
const LATEST = 2n ** 40n - 1n;
const [CONSUMER, PROVIDER, COMPETENT] = [1, 2, 3];
const { officeHead: OFFICE, head: HEAD, reviewer: REVIEWER, duty: DUTY } = ROLE;
const TERMS = ["items", "validFrom", "validUntil", "callsPerDay", "rowsPerDay", "terms"];

/** A row of the table of protocol.md 3.5; `to` is left out where the state stays or is found otherwise. */
const row = (from, to, consumer, provider, competent, flags = "", ended = []) => ({
  ...{ from, to, consumer, provider, competent, ended },
  is: (flag) => flags.split(" ").includes(flag),
});
const STEPS = [
  undefined,
  row([applied], forwarded, 0n, 0n, REVIEWER, "screening"),
  row([applied], STATE.returned, 0n, 0n, REVIEWER, "screening"),
  row(OPEN, supplementing, 0n, OFFICE, REVIEWER, "digest keeps eachSide"),
  row([supplementing], undefined, OFFICE, 0n, 0n, "digest back"),
  row(OPEN, undefined, 0n, OFFICE, 0n, "digest asks"),
  row(OPEN, undefined, 0n, 0n, HEAD, "answers"),
  row(OPEN, undefined, 0n, 0n, HEAD, "answers"),
  row([...OPEN, supplementing], STATE.withdrawn, OFFICE, 0n, 0n),
  row([agreed], delivered, 0n, OFFICE, 0n),
  row([delivered], active, OFFICE, 0n, 0n),
  row(CALLABLE, undefined, OFFICE, OFFICE, 0n, "terms"),
  row(CALLABLE, undefined, OFFICE, OFFICE, 0n, "terms closes otherSide"),
  row(CALLABLE, undefined, OFFICE, OFFICE, 0n, "closes"),
  row(CALLABLE, suspended, 0n, OFFICE | DUTY, HEAD | DUTY, "protective keeps suspends evenInactive"),
  row([suspended], rectified, OFFICE, 0n, 0n),
  row(HALTED, undefined, 0n, OFFICE, HEAD, "back bySuspender"),
  row(HALTED, terminated, 0n, OFFICE, HEAD, "protective"),
  row(CALLABLE, undefined, 0n, OFFICE, 0n, "digest ends"),
  row(SERVED, terminated, OFFICE, 0n, 0n),
  row([terminated], disposed, OFFICE, 0n, 0n, "digest", SERVED),
  row([disposed], STATE.closed, 0n, OFFICE, 0n),
  row([disposed], terminated, 0n, OFFICE, 0n, "digest"),
  row([refused, agreed, suspended, terminated], undefined, 0n, 0n, HEAD, "digest rules"),
  row(HALTED, suspended, 0n, 0n, HEAD | DUTY, "protective suspends fromProvider"),
];
/** Steps whose document stands behind nothing. */
export const isProtective = (step) => STEPS[Number(step)]?.is("protective") ?? false;

/** The day of Asia/Shanghai. */
const dayOf = (second) => (second + 28_800n) / 86_400n;
const least = (one, other) => (one < other ? one : other);

export class Authorisations {
  all = new Map();
  /** Entry and consumer → the last authorisation that a standing reply agreed to. */
  #standing = new Map();
  #count = 0n;
  #ledger;

  constructor(ledger) {
    this.#ledger = ledger;
  }

  apply({ name, args }) {
    if (name === "Applied") this.#applied(args);
    else if (name === "Replied") this.#replied(args);
    else if (name === "Advanced") this.#advanced(args);
    else this.#changed(args);
  }

  #applied({ department, applications, first, states }) {
    const ledger = this.#ledger;
    ledger.hold(applications.length > 0 && states.length === applications.length, "applications and states");
    ledger.accept({ department, roles: OFFICE });
    ledger.hold(first === this.#count + 1n, "first is not the next number");
    applications.forEach((each, at) => {
      this.#count += 1n;
      ledger.hold(states[at] === this.#apply(department, each, this.#count), "another state");
    });
  }

  #apply(department, asked, number) {
    const ledger = this.#ledger;
    ledger.holdDigest(asked.digest);
    ledger.hold(ledger.applications.get(asked.application) === department, "not an application of the department");
    const entry = ledger.catalogue.entry(asked.entry);
    ledger.hold(ledger.isActive(entry.provider) && !entry.frozen, "provider or entry");
    ledger.hold(entry.current !== 0n && asked.version === entry.current, "not the version in force");
    const version = entry.versions.get(entry.current);
    ledger.hold(isBetween(asked.mode, 4n) && version.shareType !== 3n, "mode or share type");
    this.#holdItems(asked.items, version.itemCount);
    this.#holdQuotas(asked);
    ledger.holdPeriod(asked, LATEST);
    const one = {
      ...{ consumer: department, provider: entry.provider, entry: asked.entry, application: asked.application },
      ...{ purpose: asked.purpose, version: entry.current, itemCount: version.itemCount, mode: asked.mode },
      ...{ unconditional: version.shareType === 1n, subject: asked.digest, state: applied, revision: 1n },
      ...{ prior: undefined, suspendedBy: undefined, proposed: undefined, proposer: undefined, done: new Set() },
    };
    take(one, asked);
    const { standing, calls, rows, terms } = entry.reply;
    const last = this.#standing.get(one.entry + department);
    const free = !last || dayOf(ledger.event.time) > dayOf(last.validUntil - 1n);
    if (one.unconditional && standing && one.terms === terms && free) {
      one.state = agreed;
      one.callsPerDay = least(one.callsPerDay, calls);
      one.rowsPerDay = least(one.rowsPerDay, rows);
      this.#standing.set(one.entry + department, one);
    }
    this.all.set(number, one);
    return one.state;
  }

  #holdItems(items, itemCount) {
    this.#ledger.hold(items > 0n && items >> itemCount === 0n, "items the version does not have");
  }

  #holdQuotas({ callsPerDay, rowsPerDay }) {
    this.#ledger.hold(callsPerDay > 0n && rowsPerDay > 0n, "quotas");
  }

  #one(args) {
    const found = this.all.get(args.authorisation);
    this.#ledger.hold(found, "no authorisation of that number");
    return found;
  }

  #replied(args) {
    const ledger = this.#ledger;
    const one = this.#one(args);
    const { answer, items } = args;
    ledger.accept({ department: one.provider, roles: OFFICE });
    ledger.holdDigest(args.digest);
    const answerable = one.state === forwarded || (one.state === applied && !ledger.isScreened(one.provider));
    ledger.hold(answerable, "not to be answered in this state");
    ledger.hold(args.subject === one.subject, "another document");
    ledger.hold(isBetween(answer, 3n) && (!one.unconditional || answer === 1n), "the answer");
    const some = items > 0n && items !== one.items && (items & ~one.items) === 0n;
    ledger.hold([items === one.items, some, items === 0n][Number(answer) - 1], "items that do not fit the answer");
    one.state = refused;
    if (answer !== 3n) {
      ledger.hold(args.mode === one.mode, "another mode");
      ledger.holdPeriod(args, LATEST);
      ledger.hold(args.validFrom >= one.validFrom && args.validUntil <= one.validUntil, "a wider period");
      this.#holdQuotas(args);
      ledger.hold(args.callsPerDay <= one.callsPerDay && args.rowsPerDay <= one.rowsPerDay, "larger quotas");
      take(one, args);
      one.state = agreed;
    }
    one.subject = args.digest;
    ledger.hold(args.state === one.state, "another state");
  }

  #step({ step }, terms) {
    const found = isBetween(step, 24n) ? STEPS[Number(step)] : undefined;
    this.#ledger.hold(found?.is("terms") === terms, "not such a step");
    return found;
  }

  /** Which side signs: consumer, provider, competent, common superior, tried in this order. */
  #accept(one, step) {
    const ledger = this.#ledger;
    const { consumer, provider } = one;
    const other = (side) => !step.is("otherSide") || one.proposer !== side;
    const suspender = !step.is("bySuspender") || one.suspendedBy === PROVIDER;
    const rules = step.is("rules");
    const superior = rules ? ledger.commonSuperior(consumer, provider) : provider;
    const mandates = [
      { department: consumer, roles: other(CONSUMER) ? step.consumer : 0n },
      { department: provider, roles: other(PROVIDER) && suspender ? step.provider : 0n, evenInactive: step.is("evenInactive") },
      { department: ledger.competentOf(provider), roles: step.competent },
      { department: superior, roles: rules ? step.competent : 0n },
    ];
    return 1 + ledger.accept(...mandates);
  }

  #holdFrom(one, step, { revision }) {
    const over = this.#ledger.event.time >= one.validUntil;
    const leads = step.from.includes(one.state) || (over && step.ended.includes(one.state));
    this.#ledger.hold(leads, "not from this state");
    this.#ledger.hold(revision === one.revision, "another revision");
  }

  #advanced(args) {
    const ledger = this.#ledger;
    const one = this.#one(args);
    const step = this.#step(args, false);
    const side = this.#accept(one, step);
    this.#holdFrom(one, step, args);
    ledger.hold(!step.is("screening") || ledger.isScreened(one.provider), "not screened");
    ledger.hold(!step.is("fromProvider") || one.suspendedBy === PROVIDER, "not the provider's suspension");
    ledger.hold(args.subject === (step.is("protective") ? ZERO : one.subject), "another document");
    if (step.is("digest")) ledger.holdDigest(args.digest);
    ledger.hold(step.is("rules") ? mayRule(one, args.outcome) : args.outcome === 0n, "the outcome");
    ledger.hold(step.is("ends") ? args.effective > ledger.event.time : args.effective === 0n, "effective");
    ledger.hold(!step.is("closes") || one.proposed !== undefined, "no change is open");
    this.#holdOnce(one, step, side);
    move(one, step, side, args.outcome);
    if (step.is("ends")) one.validUntil = least(one.validUntil, args.effective);
    if (args.digest !== ZERO && !step.is("protective")) one.subject = args.digest;
    ledger.hold(args.state === one.state, "another state");
  }

  #holdOnce(one, step, side) {
    const mark = step.is("eachSide") ? `by ${side}` : ["asks", "answers"].find((each) => step.is(each));
    if (mark === undefined) return;
    this.#ledger.hold(mark !== "answers" || one.done.has("asks"), "nobody asked");
    this.#ledger.hold(!one.done.has(mark), "done before");
    one.done.add(mark);
  }

  #changed(args) {
    const ledger = this.#ledger;
    const one = this.#one(args);
    const step = this.#step(args, true);
    const side = this.#accept(one, step);
    this.#holdFrom(one, step, args);
    ledger.hold(args.subject === one.subject, "another document");
    ledger.holdDigest(args.digest);
    const terms = TERMS.map((name) => args[name]).join(" ");
    const accepts = step.is("closes");
    ledger.hold(accepts ? terms === one.proposed : one.proposed === undefined, "not the terms that were proposed, or a change is open");
    this.#holdItems(args.items, one.itemCount);
    this.#holdQuotas(args);
    ledger.holdPeriod(args, LATEST);
    [one.proposed, one.proposer] = accepts ? [undefined, undefined] : [terms, side];
    if (accepts) {
      take(one, args);
      one.revision += 1n;
    }
    one.subject = args.digest;
    ledger.hold(args.state === one.state && args.newRevision === one.revision, "another state or revision");
  }
}

function take(one, from) {
  for (const name of TERMS) one[name] = from[name];
}

function mayRule({ state, prior }, outcome) {
  if (state === refused) return [forwarded, refused].includes(outcome);
  if (state === agreed) return [agreed, suspended, terminated].includes(outcome);
  if (state === suspended) return [suspended, terminated, prior].includes(outcome);
  return outcome === terminated;
}

function move(one, step, side, outcome) {
  const before = one.state;
  let state = step.to ?? before;
  if (step.is("keeps")) one.prior = before;
  if (step.is("suspends")) one.suspendedBy = side;
  if (step.is("back")) state = one.prior;
  if (step.is("rules")) {
    state = outcome;
    if (state === suspended && before !== suspended) [one.prior, one.suspendedBy] = [before, COMPETENT];
  }
  // Back where it was: nothing of the interruption is left.
  if (state !== suspended && state === one.prior) [one.prior, one.suspendedBy] = [undefined, undefined];
  one.state = state;
  if (step.is("closes") || !CALLABLE.includes(state)) [one.proposed, one.proposer] = [undefined, undefined];
}
