// A form of the desk's that is answered by more than the next page: a table that is uploaded, a decision that is signed.
import { errorOf, LedgerError, must } from "../../../../../clients/javascript/src/errors.js";
import { decide, prepare } from "./deciding.js";
import { OfficerKey } from "./officerkey.js";
import { inSession, renewed, token } from "./server.js";
import { element, problemOf, say } from "./speaking.js";

export { problemOf, renewed };

const post = (address, body, type) => inSession(() => postOnce(address, body, type));

async function postOnce(address, body, type) {
  const headers = { "X-CSRF-Token": token(), Accept: "application/json" };
  if (type) headers["Content-Type"] = type;
  let answer;
  try {
    answer = await fetch(address, { method: "POST", body, headers });
  } catch (error) {
    throw new LedgerError("peer-unavailable", "没有连上节点，请检查网络 / the node could not be reached", {}, { cause: error });
  }
  if (!answer.ok) throw errorOf(answer.status, await answer.json().catch(() => null), address);
  return answer;
}

export async function upload(form) {
  const file = form.elements.file.files[0];
  if (!file) return;
  const query = new URLSearchParams({ department: form.elements.department.value, name: file.name });
  const answer = await post(`${form.getAttribute("action")}?${query}`, file, "application/octet-stream");
  location.assign(answer.headers.get("Location"));
}

/** A form's decision: its fields from the node, then prepared, read and signed in the page. */
export async function decideAs(form, sent) {
  const answer = await post(form.getAttribute("action"), new URLSearchParams(sent));
  const { kind, fields, revision, given } = await answer.json();
  if (revision) form.elements.revision.value = revision;
  if (!(await decide(kind, fields, { given: given ?? undefined }))) return; // read and not signed
  if (form.dataset.doneHref) return location.assign(form.dataset.doneHref);
  if (!form.dataset.done) return location.reload();
  const after = await post(form.dataset.done, new URLSearchParams());
  location.assign(after.headers.get("HX-Redirect") ?? "/desk");
}

const SHORTEST_PIN = 8;

/**
 * A new key for whoever sits here, made in the page: its file, encrypted by a PIN, goes to his own disk, its registration
 * with its own signature to the node, where it waits for the head of the department. The private key goes nowhere.
 */
export async function newKey(form, sent) {
  const pins = [...form.querySelectorAll("input[type=password]")];
  const [pin, again] = pins.map((each) => each.value);
  must(pin.length >= SHORTEST_PIN, "malformed-request", `口令至少 ${SHORTEST_PIN} 位 / a PIN has ${SHORTEST_PIN} characters at least`);
  must(pin === again, "malformed-request", "两次填的口令不同 / the two PINs are not the same");
  const { key, file } = await OfficerKey.make(pin);
  sent.set("publicKey", key.raw.toString("hex"));
  const action = form.getAttribute("action");
  const { kind, fields } = await (await post(`${action}/fields`, new URLSearchParams(sent))).json();
  const { prepared, reviewed } = await prepare(kind, fields);
  // The file first: what is registered without its file is of no use to anybody.
  const name = `shareledger-${key.keyid.slice(0, 8)}.pem`;
  const saved = element("a", { class: "button", download: name, href: URL.createObjectURL(new Blob([file], { type: "application/x-pem-file" })) }, say("再保存一次密钥文件", "Save the key file again"));
  saved.click();
  const { domain, message, documents, text } = prepared;
  const request = {
    ...{ decision: kind, chainId: Number(domain.chainId), contract: domain.contract, nonce: message.nonce },
    ...{ notAfter: Number(message.notAfter), publicKey: fields.publicKey, text, paper: JSON.parse(documents[0]) },
  };
  const proof = { request: JSON.stringify(request), possession: key.signDecision(reviewed.text), comment: sent.get("comment") ?? "" };
  await post(action, new URLSearchParams(proof));
  for (const each of pins) each.value = "";
  const title = say("已移交部门负责人", "Handed to the head of the department");
  const words = say(
    `密钥文件 ${name} 已存到本机的下载文件夹，请妥善保管，口令不要写在一起；负责人登记并授予职责后，用它登录。`,
    `The key file ${name} is in this machine's downloads: keep it safe and its PIN apart. Once the head has registered it and granted the roles, sign in with it.`,
  );
  const done = element("div", { class: "notice good", role: "status", tabindex: "-1" }, element("b", {}, title), ` ${words}`);
  form.replaceChildren(element("div", { class: "inside" }, done, element("p", { class: "row" }, saved, element("a", { class: "button", href: location.pathname }, say("完成", "Done")))));
  done.focus();
}
