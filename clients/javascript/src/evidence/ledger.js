// The ledger as its events make it, and the rules every event must have kept (docs/evidence.md 3.4): who may decide,
// and the registry's own decisions. Ids are hex, times and other numbers of the chain BigInt.
import { keccak256, word } from "../bytes.js";
import * as sm2 from "../sm2.js";
import { Authorisations } from "./authorisations.js";
import { Catalogue } from "./catalogue.js";
import { signedText } from "./decisions.js";
import { Logs } from "./logs.js";
import { hold, ZERO } from "./refusing.js";
import { hashOf, isBetween, isInForce, isSigned, KIND, ROLE } from "./rules.js";

const ALL_ROLES = 6n;
const [ACTIVE, SUSPENDED, CLOSED] = [1n, 2n, 3n];
const NOTICE_SECONDS = 604_800n;
const NO_END = 2n ** 64n - 1n;
const LEVELS = 8;

export class Ledger {
  departments = new Map();
  keys = new Map();
  /** Application → its department. */
  applications = new Map();
  /** The event at hand, and the department for which it was decided. */
  event;
  acting;
  #roles = new Map();
  #persons = new Map();
  /** Names that are listed: one address each, for good. */
  #listed = new Set();
  #spent = new Set();
  #sequences = new Map();
  #root;
  #text;

  /** `addresses` are the contracts' by name; `verify` tells whether a signature holds. */
  constructor(trust, addresses, verify = isSigned) {
    [this.trust, this.addresses, this.verify] = [trust, addresses, verify];
    [this.catalogue, this.authorisations, this.logs] = [new Catalogue(this), new Authorisations(this), new Logs(this)];
  }

  hold(holds, problem) {
    hold(holds, this.event.place, problem);
  }

  holdDigest(digest) {
    this.hold(digest !== ZERO, "no document is named");
  }

  holdPeriod({ validFrom, validUntil }, latest = NO_END) {
    const period = validFrom < validUntil && this.event.time < validUntil && validUntil <= latest;
    this.hold(period, "not a period");
  }

  /** Apply an event; refuse what the contract cannot have emitted. */
  apply(event) {
    [this.event, this.acting] = [event, undefined];
    const expected = (this.#sequences.get(event.contract) ?? 0n) + 1n;
    this.hold(event.args.seq === expected, `seq is not ${expected}`);
    this.#sequences.set(event.contract, expected);
    this.#text = event.struct && signedText(event, this.trust.chainId, this.addresses.get(event.contract));
    if (event.contract === "DepartmentRegistry") this.#registry(event.args);
    else if (event.contract === "CatalogueRegistry") this.catalogue.apply(event);
    else if (event.contract === "ShareAuthorisations") this.authorisations.apply(event);
    else this.logs.apply(event);
  }

  /**
   * Accept a decision that any of the mandates `{department, roles, evenInactive}` may take; return the place of the
   * first in which the key holds a role.
   */
  accept(...mandates) {
    const { signingKey } = this.event.args;
    this.#spend();
    const key = this.#liveOfficer(signingKey);
    const place = mandates.findIndex(({ department, roles }) => (this.#held(department, signingKey) & roles) !== 0n);
    this.hold(place >= 0, "the key holds none of the roles");
    const { department, evenInactive } = mandates[place];
    // Not passed over for a later one, save that a provider may suspend even then.
    this.hold(evenInactive || this.isActive(department), "its department is not active");
    this.acting = department;
    this.#holdSigned(key.raw, "r", "s");
    return place;
  }

  #spend() {
    const { time, contract, args } = this.event;
    this.hold(args.notAfter >= time && args.notAfter <= time + NOTICE_SECONDS, "notAfter");
    const nonce = `${contract} ${args.signingKey} ${args.nonce}`;
    this.hold(!this.#spent.has(nonce), "the nonce was used before");
    this.#spent.add(nonce);
  }

  #liveOfficer(id) {
    const key = this.keys.get(id);
    this.hold(key?.kind === KIND.officer && isInForce(key, this.event.time), "not a live officer's key");
    return key;
  }

  #holdSigned(raw, r, s) {
    this.hold(this.verify(raw, this.#text, this.event.args[r], this.event.args[s]), "the SM2 signature does not hold");
  }

  #held(department, key) {
    const role = this.#roles.get(department + key);
    return role && role.from <= this.event.time && this.event.time < role.until ? role.roles : 0n;
  }

  isActive(id) {
    return this.departments.get(id)?.status === ACTIVE;
  }

  department(id) {
    const found = this.departments.get(id);
    this.hold(found, "the department is not enrolled");
    return found;
  }

  /** Who acts as a department's competent one: the first active one from there up. */
  competentOf(id) {
    return this.actingFor(this.department(id).competent);
  }

  actingFor(id) {
    let at = id;
    while (!this.isActive(at) && this.department(at).competent !== at) at = this.department(at).competent;
    return at;
  }

  isScreened(id) {
    return this.department(this.department(id).competent).screening;
  }

  /** The lowest department that is competent, however far up, for both. */
  commonSuperior(one, other) {
    let above = this.department(one).competent;
    for (let up = 0; up < LEVELS; up++) {
      let at = other;
      for (let level = 0; level < LEVELS; level++) {
        at = this.department(at).competent;
        if (at === above) return this.actingFor(above);
      }
      above = this.department(above).competent;
    }
    return this.#root;
  }

  #registry(args) {
    const by = {
      DepartmentEnrolled: () => this.#enrol(args),
      DepartmentUpdated: () => this.#update(args),
      DepartmentStatusSet: () => this.#setStatus(args),
      KeyAdded: () => this.#add(args),
      KeyRecovered: () => this.#recover(args),
      KeyRevoked: () => this.#revoke(args),
      RolesGranted: () => this.#grantRoles(args),
      ApplicationRegistered: () => this.#registerApplication(args),
      ContractListed: () => this.#list(args),
    };
    this.hold(Object.hasOwn(by, this.event.name), "no event of ours");
    by[this.event.name]();
  }

  #registerApplication({ department, codeHash, application }) {
    this.accept({ department, roles: ROLE.officeHead });
    this.hold(hashOf(department, codeHash) === application, "not the application's id");
    this.hold(!this.applications.has(application), "the application is registered already");
    this.applications.set(application, department);
  }

  #list({ name }) {
    this.accept({ department: this.#root, roles: ROLE.head });
    this.hold(!this.#listed.has(name), "the name is listed already");
    this.#listed.add(name);
  }

  #enrol(args) {
    const { department: id, parent, competent, screening, mayEnrol } = args;
    const code = Buffer.from(id, "hex").toString("latin1");
    this.hold(/^[0-9A-Z]{18}\0{14}$/.test(code), "not a department's code");
    this.hold(isBetween(args.kind, 5n) && isBetween(args.level, 5n), "kind or level");
    if (this.#root === undefined) {
      this.hold(parent === id && competent === id && mayEnrol, "the root is its own parent and may enrol");
      this.#spend();
      const { rootKey } = this.trust;
      this.hold(args.signingKey === keccak256(rootKey).toString("hex"), "not signed by the root key");
      this.#holdSigned(rootKey, "r", "s");
      this.acting = this.#root = id;
    } else {
      this.accept({ department: competent, roles: ROLE.head });
      this.hold(!this.departments.has(id), "enrolled already");
      this.#holdMayEnrol(competent);
      const under = parent === competent || this.department(parent).competent === competent;
      this.hold(under, "the parent is not under the competent department");
      this.#holdUnderRoot(id, competent);
    }
    this.departments.set(id, { parent, competent, status: ACTIVE, screening, mayEnrol });
    this.#addHead(id, 0n, args);
  }

  #holdMayEnrol(id) {
    this.hold(this.isActive(id) && this.department(id).mayEnrol, "it may not enrol");
  }

  #holdUnderRoot(id, competent) {
    let above = competent;
    for (let level = 0; level < LEVELS; level++) {
      this.hold(above !== id, "competence in a circle");
      if (above === this.#root) return;
      above = this.department(above).competent;
    }
    this.hold(false, "too far from the root");
  }

  #addHead(department, from, { headX, headY, headKey, person }) {
    const key = { holder: department, kind: KIND.officer, from, until: NO_END, person };
    this.#addKey(headX, headY, headKey, key);
    this.#roles.set(department + headKey, { roles: ROLE.head, from, until: NO_END });
  }

  #addKey(x, y, id, key) {
    const raw = Buffer.concat([word(x), word(y)]);
    const hash = keccak256(raw).toString("hex");
    this.hold(hash === id && !this.keys.has(hash), "not a new key's id");
    try {
      sm2.checkPublic(raw);
    } catch (error) {
      this.hold(false, error.message);
    }
    if (key.kind === KIND.officer) {
      const owner = this.#persons.get(key.person) ?? key.holder;
      this.hold(key.person !== ZERO && owner === key.holder, "the person is another department's, or none");
      this.#persons.set(key.person, key.holder);
    } else {
      this.hold(key.person === ZERO, "a person with a key that is no officer's");
    }
    this.#holdSigned(raw, "possessionR", "possessionS");
    this.keys.set(hash, { ...key, raw, revoked: undefined });
  }

  #update({ department: id, competent, screening, mayEnrol, digest }) {
    const found = this.department(id);
    const keeps = competent === found.competent && mayEnrol === found.mayEnrol;
    const paperOnly = keeps && screening === found.screening;
    this.accept({ department: paperOnly ? id : this.competentOf(id), roles: ROLE.head });
    this.holdDigest(digest);
    this.hold(found.status !== CLOSED, "the department is closed");
    this.hold(id !== this.#root || keeps, "the root keeps what it is");
    if (mayEnrol && !found.mayEnrol) this.#holdMayEnrol(this.competentOf(id));
    if (competent !== found.competent) {
      this.#holdMayEnrol(competent);
      this.#holdUnderRoot(id, competent);
    }
    Object.assign(found, { competent, screening, mayEnrol });
  }

  #setStatus({ department: id, competent, status, digest }) {
    const found = this.department(id);
    this.accept({ department: this.competentOf(id), roles: ROLE.head });
    this.hold(competent === this.competentOf(id), "another competent department");
    this.hold(isBetween(status, 3n) && status !== found.status && found.status !== CLOSED, "the status");
    this.hold(id !== this.#root, "the root stays active");
    if (status !== SUSPENDED) this.holdDigest(digest);
    if (status === CLOSED) {
      const depends = ([code, each]) => code !== id && each.status !== CLOSED && each.competent === id;
      this.hold(![...this.departments].some(depends), "departments depend on it");
    }
    found.status = status;
  }

  #add(args) {
    const { kind, holder, validFrom, validUntil, person } = args;
    this.hold(isBetween(kind, 3n), "the kind of key");
    const owner = kind === KIND.application ? this.applications.get(holder) : holder;
    this.hold(owner, "the application is not registered");
    this.department(owner);
    this.accept({ department: owner, roles: ROLE.head });
    this.holdPeriod(args);
    this.#addKey(args.qx, args.qy, args.addedKey, { holder, kind, from: validFrom, until: validUntil, person });
  }

  #recover(args) {
    const found = this.department(args.department);
    this.accept({ department: this.competentOf(args.department), roles: ROLE.head });
    this.hold(found.status !== CLOSED, "the department is closed");
    this.holdDigest(args.digest);
    const from = this.event.time + NOTICE_SECONDS;
    this.hold(args.validFrom === from, "validFrom");
    this.#addHead(args.department, from, args);
  }

  #revoke(args) {
    const key = this.keys.get(args.key);
    this.hold(key && key.revoked === undefined, "the key is unknown or revoked already");
    const owner = key.kind === KIND.application ? this.applications.get(key.holder) : key.holder;
    this.accept({ department: owner, roles: ROLE.head, evenInactive: true });
    key.revoked = this.event.block;
  }

  #grantRoles(args) {
    const { department, key, roles, validFrom, validUntil } = args;
    this.accept({ department, roles: ROLE.head });
    this.hold(roles >> ALL_ROLES === 0n, "roles that are none");
    if (roles !== 0n) {
      this.#liveOfficer(key);
      this.holdPeriod(args);
    }
    this.#roles.set(department + key, { roles, from: validFrom, until: validUntil });
  }
}
