// Signing in: the node's challenge, signed by the officer's agent or here with his key, for the address this page is at.
import "./parts/older.js";

import { signIn } from "./office/signingin.js";
import { SigningWays } from "./office/signingways.js";
import { element, say, show } from "./office/speaking.js";

const form = document.getElementById("sign-in");
const mishap = document.getElementById("sign-in-mishap");
const button = form.querySelector("button[type=submit]");
const progress = document.getElementById("sign-in-progress");
const keys = new SigningWays("sign-in", say("密钥文件", "Key file"));
document.getElementById("sign-in-key").replaceWith(element("div", {}, ...keys.parts));
keys.focus();

const loopback = ["127.0.0.1", "[::1]"].includes(location.hostname) || /(^|\.)localhost$/.test(location.hostname);
if (location.protocol !== "https:" && !loopback) {
  document.getElementById("plain-http").hidden = false;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  show(mishap, undefined);
  button.disabled = true;
  try {
    await signIn(keys, (words) => (progress.textContent = words));
    location.assign(form.dataset.then);
  } catch (error) {
    show(mishap, error);
  } finally {
    progress.textContent = "";
    button.disabled = false;
  }
});
