// How an officer signs here: by the agent on his machine, offered first where one answers, or by his key file.
import { LedgerError, must } from "../../../../../clients/javascript/src/errors.js";

import { Agent } from "./agent.js";
import { attemptsLeft, keepFile, keptFile, OfficerKey, secondsToWait } from "./officerkey.js";
import { element, say } from "./speaking.js";

const brief = (keyid) => `${keyid.slice(0, 8)}…${keyid.slice(-4)}`;

/** Fields of a form, `parts`, and who signs by what they say, `open()`. */
export class SigningWays {
  #agent;

  /** `name` begins the fields' ids; `required()` gives the id of the key that must sign, in hex, or undefined for any. */
  constructor(name, label, { required = () => undefined } = {}) {
    Object.assign(this, { name, required });
    this.keys = new KeyFields(name, label, keptFile());
    this.fileWay = element("div", {}, ...this.keys.parts);
    this.told = element("p", { class: "quiet", role: "status" }, say("正在查找本机签署助手…", "Looking for the agent on this machine…"));
    this.place = element("div", {}, this.told);
    this.parts = [this.place, this.fileWay];
    this.found = this.#look();
  }

  focus() {
    this.keys.focus();
  }

  get byAgent() {
    return this.#agent !== undefined && this.choice.checked;
  }

  /**
   * Who signs: `{keyid, signLogin(text, origin), signDecision(text, prepared)}`. `tell` is called with what is going on.
   */
  async open(tell) {
    if (!this.byAgent) {
      tell(say("正在打开密钥文件…", "Opening the key file…"));
      return this.keys.open();
    }
    const agent = this.#agent;
    if (agent.keyid === undefined) {
      tell(say("正在与签署助手配对…", "Pairing with the agent…"));
      const code = this.code.value.replace(/\s/g, "");
      this.code.value = "";
      await agent.pair(code);
      this.#showPaired();
    }
    const wanted = await this.required();
    const other = `助手持有的密钥 ${brief(agent.keyid)} 不是登录所用的 ${brief(wanted ?? "")}，请用登录的密钥启动助手，或退出后以助手重新登录 / the agent holds key ${brief(agent.keyid)}, this session is key ${brief(wanted ?? "")}'s: start the agent with that one, or sign in anew with the agent`;
    must(wanted === undefined || wanted === agent.keyid, "forbidden", other);
    return {
      keyid: agent.keyid,
      signLogin: (text) => this.#asked(tell, agent.signLogin(text)),
      signDecision: (_, prepared) => this.#asked(tell, agent.signDecision(prepared)),
    };
  }

  async #asked(tell, answer) {
    tell(say("请到签署助手的终端核对所显示的内容：答 y 签署，答 n 不签。本页在等您答复…", "See the agent's terminal: read what it shows and answer y to sign, n to refuse. This page is waiting…"));
    try {
      return await answer;
    } catch (error) {
      // It does not know this page any more (started anew): its code is asked for again.
      if (this.#agent.keyid === undefined) this.#showUnpaired();
      throw error;
    }
  }

  async #look() {
    this.#agent = await Agent.find();
    if (this.#agent === undefined) return this.#showMissing();
    const way = (id, words, checked) => {
      const input = element("input", { type: "radio", name: `${this.name}-way`, id: `${this.name}-${id}`, checked, onchange: () => this.#choose() });
      return [input, element("label", { for: input.id }, input, words)];
    };
    const [choice, first] = way("agent", say("用本机签署助手（推荐）", "The agent on this machine (recommended)"), true);
    const [, second] = way("page", say("由本页开启密钥", "Open the key in this page"), false);
    this.choice = choice;
    this.pairing = element("div", {});
    const title = element("span", { class: "label", id: `${this.name}-way` }, say("签署方式", "How to sign"));
    const ways = element("div", { class: "field", role: "radiogroup", "aria-labelledby": title.id }, title, element("div", { class: "row" }, first, second));
    this.place.replaceChildren(ways, this.pairing);
    if (this.#agent.keyid === undefined) this.#showUnpaired();
    else this.#showPaired();
    // Whoever has begun with the key file goes on with it.
    const begun = this.keys.begun;
    choice.checked = !begun;
    this.place.querySelector(`#${this.name}-page`).checked = begun;
    this.#choose();
    return undefined;
  }

  #choose() {
    this.fileWay.hidden = this.byAgent;
    this.pairing.hidden = !this.byAgent;
    if (this.byAgent) this.code?.focus();
  }

  #showMissing() {
    const again = element("button", { class: "button small", type: "button", onclick: () => this.#again(again) }, say("重新查找", "Look again"));
    const words = say(
      "未找到本机签署助手：没有启动、已与别的页面配对，或浏览器不许本页访问本机。负责人请先启动 shareledger agent。",
      "No agent was found on this machine: none runs, it is paired with another page, or the browser does not let this page reach it. Heads start shareledger agent first.",
    );
    this.told.replaceChildren(words, " ", again);
  }

  async #again(button) {
    button.disabled = true;
    await this.#look();
  }

  #showUnpaired() {
    const given = { id: `${this.name}-code`, inputmode: "numeric", autocomplete: "off", maxlength: "16" };
    this.code = element("input", given);
    const help = say("签署助手的终端里显示的 8 位数字，只填这一次", "The 8 digits at the agent's terminal; asked for once");
    const field = [element("label", { for: given.id }, say("配对码", "Pairing code")), this.code, element("span", { class: "help" }, help)];
    this.pairing.replaceChildren(element("div", { class: "field" }, ...field));
  }

  #showPaired() {
    this.code = undefined;
    const words = say(`已找到签署助手，密钥 ${brief(this.#agent.keyid)}。所签内容由它在本机重新计算，并在它的终端里问您。`, `The agent was found, with key ${brief(this.#agent.keyid)}. It computes what is signed on this machine and asks at its terminal.`);
    this.pairing.replaceChildren(element("p", { class: "notice good" }, words));
  }
}

/** A key file and its PIN, as fields of a form. */
export class KeyFields {
  constructor(name, label, kept) {
    this.kept = kept;
    const attributes = { id: `${name}-file`, type: "file", accept: ".pem,.key,.der" };
    this.file = element("input", attributes);
    this.pin = element("input", { id: `${name}-pin`, type: "password", autocomplete: "off", maxlength: "1024" });
    const field = (input, words, help) =>
      element("div", { class: "field" }, element("label", { for: input.id }, words), input, help && element("span", { class: "help" }, help));
    const remembered = kept && say(`将使用 ${kept.name}；另选文件可更换`, `${kept.name} is used unless another is chosen`);
    this.parts = [field(this.file, label, remembered), field(this.pin, say("口令（PIN）", "PIN"))];
  }

  focus() {
    (this.kept ? this.pin : this.file).focus();
  }

  /** Whether anything was filled in yet. */
  get begun() {
    return this.file.files.length > 0 || this.pin.value !== "";
  }

  /** The key; its file is kept for the tab, its PIN nowhere. */
  async open() {
    const [chosen] = this.file.files;
    must(chosen || this.kept, "malformed-key", "请选择密钥文件 / choose the key file");
    const { name, content } = chosen ? { name: chosen.name, content: new Uint8Array(await chosen.arrayBuffer()) } : this.kept;
    const pin = this.pin.value;
    this.pin.value = "";
    try {
      const key = await OfficerKey.open(content, pin);
      keepFile(name, content);
      return key;
    } catch (error) {
      const left = attemptsLeft();
      if (!(error instanceof LedgerError) || error.code !== "malformed-key" || secondsToWait() > 0 || left === 5) throw error;
      throw new LedgerError(error.code, error.message.replace(" / ", `（还可再试 ${left} 次） / `) + ` (${left} attempts left)`, {}, { cause: error });
    }
  }
}
