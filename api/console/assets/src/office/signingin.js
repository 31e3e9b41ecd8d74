// Signing in with an officer's key: at the sign-in page, and again where a session has ended under a page.
import { must } from "../../../../../clients/javascript/src/errors.js";

import { ask } from "./server.js";
import { SigningWays } from "./signingways.js";
import { element, say, show } from "./speaking.js";

/** Sign the node's challenge for the address this page is at; return the session. `wanted`: the one key that may. */
export async function signIn(ways, tell, wanted) {
  const key = await ways.open(tell);
  must(wanted === undefined || key.keyid === wanted, "forbidden", "请用原来登录的那把密钥；要换人办理，请退出后重新登录 / use the key you signed in with, or sign out first");
  const { text } = await ask("POST", "/session/challenge", { origin: location.origin }, { secure: false });
  const signature = await key.signLogin(text, location.origin);
  return ask("POST", "/session", { challenge: text, key: key.keyid, signature }, { secure: false });
}

let asking;

/** Ask the holder of a key to sign in again, over the page as it stands; the session, or undefined where he leaves. */
export function signInAgain(wanted) {
  // Several requests may find at once that the session is over: he is asked once.
  asking ??= new Promise((resolve) => open(wanted, resolve)).finally(() => (asking = undefined));
  return asking;
}

function open(wanted, resolve) {
  let session;
  const ways = new SigningWays("again", say("密钥文件", "Key file"), { required: () => wanted });
  const mishap = element("p", { class: "notice bad", role: "alert", hidden: true });
  const progress = element("span", { class: "quiet", role: "status" });
  const button = element("button", { class: "button main", type: "submit" }, say("重新登录", "Sign in again"));
  const leave = element("button", { class: "button", type: "button", onclick: () => dialog.close() }, say("暂不登录", "Not now"));
  const submit = async (event) => {
    event.preventDefault();
    show(mishap, undefined);
    button.disabled = true;
    try {
      session = await signIn(ways, (words) => (progress.textContent = words), wanted);
      dialog.close();
    } catch (error) {
      show(mishap, error);
    } finally {
      progress.textContent = "";
      button.disabled = false;
    }
  };
  const form = element(
    "form",
    { class: "inside", novalidate: true, onsubmit: submit },
    element("h2", { id: "again-title" }, say("会话已结束", "Your session has ended")),
    element("p", {}, say("所填的内容都还在本页；重新登录后接着办。", "What you filled in is still in this page; sign in again and go on.")),
    ...ways.parts,
    mishap,
    element("div", { class: "row" }, button, leave, progress),
  );
  const dialog = element("dialog", { class: "signing", "aria-labelledby": "again-title", onclose: () => (dialog.remove(), resolve(session)) }, form);
  document.body.append(dialog);
  dialog.showModal();
  ways.focus();
}
