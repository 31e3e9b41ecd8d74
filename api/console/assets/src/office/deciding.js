// A decision from the click to its block: prepared by the node, computed anew and read here, signed here, submitted.
import { checkPrepared } from "./prepared.js";
import { readPlaced } from "./reading.js";
import { ask } from "./server.js";
import { KeyFields, SigningWays } from "./signingways.js";
import { element, problemOf, said, say, show } from "./speaking.js";

const PINNED = "shareledger-domain";
const CODE = /(?<![0-9A-Z])[0-9A-Z]{18}(?![0-9A-Z])/g;

/**
 * Decide: `kind` and `fields` as `POST /office/decisions/prepare` takes them. Resolves with the node's answer, or with
 * undefined where the officer did not sign. `again` takes a decision that was taken before; `given` is
 * `{prepared, possession}` of one that its new key has signed already, and which is therefore not prepared anew.
 */
export async function decide(kind, fields, { again = false, given } = {}) {
  const { prepared, reviewed } = given ? review(kind, fields, given.prepared) : await prepare(kind, fields);
  return new Promise((resolve) => new Signing(prepared, reviewed, { again, proof: given?.possession, resolve }).open());
}

/** A decision prepared by the node and computed anew here: `{prepared, reviewed}`. */
export const prepare = async (kind, fields) => review(kind, fields, await ask("POST", "/decisions/prepare", { kind, fields }));

const review = (kind, fields, prepared) => ({ prepared, reviewed: checkPrepared(prepared, { kind, fields, domain: pinned() }) });

/** Chain and contracts as this browser has met them; another is refused, as ssh does with hosts. */
const pinned = () => JSON.parse(localStorage.getItem(PINNED) ?? "null") ?? undefined;

function pin({ kind, domain: { chainId, contract } }) {
  const contracts = { ...pinned()?.contracts, [kind]: contract };
  localStorage.setItem(PINNED, JSON.stringify({ chainId, contracts }));
}

/** The dialog in which a decision is read and signed. */
class Signing {
  #signed;
  #answer;

  constructor(prepared, reviewed, { again, proof, resolve }) {
    Object.assign(this, { prepared, reviewed, again, proof, resolve });
    this.own = new SigningWays("signing", say("我的密钥文件", "My key file"), { required: async () => (await ask("GET", "/session")).key });
    this.added = reviewed.possession && !proof ? new KeyFields("added", say("新密钥的文件", "The new key's file")) : undefined;
    this.mishap = element("p", { class: "notice bad", role: "alert", hidden: true });
    this.progress = element("p", { role: "status", class: "quiet" });
    this.sign = element("button", { class: "button main", type: "submit" }, say("签署并提交", "Sign and submit"));
    this.leave = element("button", { class: "button", type: "button", onclick: () => this.dialog.close() }, say("不签署", "Do not sign"));
    this.keys = element("div", {}, ...this.own.parts, ...(this.added?.parts ?? []));
    const title = element("h2", { id: "signing-title" }, said(reviewed.reading[0].value));
    const form = element(
      "form",
      { class: "inside", novalidate: true, onsubmit: (event) => this.#submit(event) },
      ...[title, ...this.#warnings(), ...this.#reading()],
      element("div", { class: "ask" }, this.keys, this.mishap, this.progress, element("div", { class: "row" }, this.sign, this.leave)),
    );
    this.dialog = element("dialog", { class: "signing", "aria-labelledby": "signing-title", onclose: () => this.#closed() }, form);
    // Not in the middle of a submission: it may be mined already.
    this.dialog.addEventListener("cancel", (event) => this.sign.disabled && !this.#answer && event.preventDefault());
  }

  open() {
    document.body.append(this.dialog);
    this.dialog.showModal();
    this.own.focus();
    this.dialog.scrollTop = 0; // read first, from its beginning
    this.#nameDepartments().catch((error) => this.named.append(say(" 部门名称暂时取不到：", " The names of departments are not to be had: "), problemOf(error)));
  }

  #warnings() {
    const { warnings = [], effects = [] } = this.prepared;
    const list = (texts) => element("ul", {}, ...texts.map((text) => element("li", {}, said(text))));
    const told = (kind, title, texts) =>
      texts.length === 0 ? undefined : element("div", { class: `notice ${kind}` }, element("b", {}, title), list(texts));
    return [
      told("warn", say("节点提示", "The node warns"), warnings),
      told("", say("节点预计的结果", "What the node expects"), effects),
      told("", say("您没有填写、由节点补填的内容", "What you did not say and the node filled in"), this.reviewed.added.map(readPlaced)),
    ].filter(Boolean);
  }

  /** What is signed, as it was computed here; what goes on the chain can be unfolded. */
  #reading() {
    const facts = (part) =>
      element(
        "dl",
        { class: "facts" },
        ...this.reviewed.reading
          .filter((line) => line.part === part)
          .flatMap(({ label, value }) => [element("dt", {}, said(label)), element("dd", {}, said(value))]),
      );
    const note = say(
      "以下内容由本页依据文书原文重新计算，签署的就是这些。",
      "Computed anew by this page from the papers themselves: this is what is signed.",
    );
    const chain = element("details", {}, element("summary", {}, say("写入链上的内容", "What goes on the chain")), facts("chain"));
    // Without papers it is the chain's part that says what is decided.
    chain.open = !this.reviewed.reading.some(({ part }) => part === "document");
    this.named = element("p", { class: "quiet" }, note);
    return [this.named, facts("document"), chain, element("p", { class: "small code" }, this.reviewed.text)];
  }

  /** Put beside the codes of departments what the node calls them: people know names, what is signed is the code. */
  async #nameDepartments() {
    const places = [...this.dialog.querySelectorAll("dl.facts dd")].map((place) => [place, place.textContent.match(CODE) ?? []]);
    if (places.every(([, codes]) => codes.length === 0)) return;
    const known = new Map((await ask("GET", "/departments")).map(({ code, name }) => [code, name]));
    let any = false;
    for (const [place, codes] of places) {
      const names = [...new Set(codes)].filter((code) => known.get(code)).map((code) => (codes.length > 1 ? `${code} ${known.get(code)}` : known.get(code)));
      if (names.length === 0) continue;
      any = true;
      place.append(element("span", { class: "quiet named" }, ` （${names.join("；")}）`));
    }
    if (any) this.named.append(say(" 括号里的部门名称由节点提供，签署的是代码。", " Names of departments in brackets are the node's word; what is signed is the code."));
  }

  async #submit(event) {
    event.preventDefault();
    show(this.mishap, undefined);
    if (this.#answer) return this.dialog.close();
    this.#busy(true);
    try {
      this.#signed ??= await this.#signature();
      this.keys.hidden = true;
      this.progress.textContent = say("已签署，正在提交上链…", "Signed; being submitted…");
      this.#answer = await ask("POST", "/decisions/submit", this.#signed);
      this.#show(this.#answer);
    } catch (error) {
      this.progress.textContent = "";
      show(this.mishap, error);
      if (this.#signed) {
        // Signed once: the same may be submitted any number of times, and counts once.
        const final = !error.retryable && error.code !== "peer-unavailable";
        if (final) this.#signed = undefined;
        this.keys.hidden = !final;
        this.sign.textContent = final ? say("签署并提交", "Sign and submit") : say("再次提交", "Submit again");
      }
    } finally {
      this.#busy(false);
    }
    return undefined;
  }

  async #signature() {
    const { prepared, reviewed, again, proof } = this;
    // The new key's file first: what it lacks is said before anybody is asked at the agent.
    const added = await this.added?.open();
    const key = await this.own.open((words) => (this.progress.textContent = words));
    const signature = await key.signDecision(reviewed.text, prepared);
    pin(reviewed);
    const possession = proof ?? added?.signDecision(reviewed.text);
    return {
      ...{ kind: prepared.kind, documents: prepared.documents, message: prepared.message },
      ...{ key: key.keyid, signature, again, context: prepared.context },
      ...(possession ? { possession } : {}),
    };
  }

  #show({ block, outcomes = [] }) {
    const list = element("ul", {}, ...outcomes.map((each) => element("li", {}, said(each))));
    const title = element("b", {}, say(`已在第 ${block} 块生效`, `In block ${block}`));
    this.progress.replaceWith(element("div", { class: "notice good", role: "status" }, title, list));
    this.sign.textContent = say("完成", "Done");
    this.leave.hidden = true;
    this.sign.focus();
  }

  #busy(busy) {
    this.sign.disabled = busy;
    this.leave.disabled = busy;
  }

  #closed() {
    this.dialog.remove();
    if (this.#answer) document.dispatchEvent(new CustomEvent("shareledger:decided", { detail: this.#answer }));
    this.resolve(this.#answer);
  }
}
