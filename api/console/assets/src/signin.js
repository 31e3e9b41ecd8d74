// Signing in: the node's challenge, signed here with the officer's own key, for the address this page is at.
import "./parts/older.js";

import { KeyFields } from "./office/deciding.js";
import { attemptsLeft, keptFile, secondsToWait } from "./office/officerkey.js";
import { ask } from "./office/server.js";
import { element, say, show } from "./office/speaking.js";

const form = document.getElementById("sign-in");
const mishap = document.getElementById("sign-in-mishap");
const button = form.querySelector("button[type=submit]");
const progress = document.getElementById("sign-in-progress");
const keys = new KeyFields("sign-in", say("密钥文件", "Key file"), keptFile());
document.getElementById("sign-in-key").replaceWith(element("div", {}, ...keys.parts));
keys.focus();

if (location.protocol !== "https:" && !["localhost", "127.0.0.1", "[::1]"].includes(location.hostname)) {
  document.getElementById("plain-http").hidden = false;
}

async function signIn() {
  progress.textContent = say("正在打开密钥文件…", "Opening the key file…");
  const key = await keys.open();
  const { text } = await ask("POST", "/session/challenge", { origin: location.origin }, { secure: false });
  const signature = key.signLogin(text, location.origin);
  await ask("POST", "/session", { challenge: text, key: key.keyid, signature }, { secure: false });
  location.assign(form.dataset.then);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  show(mishap, undefined);
  button.disabled = true;
  try {
    await signIn();
  } catch (error) {
    show(mishap, error);
    const wrong = error.code === "malformed-key" && secondsToWait() === 0 && attemptsLeft() < 5;
    if (wrong) mishap.textContent += say(`（还可再试 ${attemptsLeft()} 次）`, ` (${attemptsLeft()} attempts left)`);
  } finally {
    progress.textContent = "";
    button.disabled = false;
  }
});
