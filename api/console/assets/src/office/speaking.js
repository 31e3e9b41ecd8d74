// Words in the page's language, elements without markup, and errors as people read them.
import { LedgerError } from "../../../../../clients/javascript/src/errors.js";

export const english = document.documentElement.lang === "en";
export const say = (zh, en) => (english ? en : zh);
export const said = ({ zh, en }) => (english ? en : zh);

/** An element with attributes and children; text is text, whatever is in it. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (typeof value === "boolean") made.toggleAttribute(key, value);
    else if (value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((each) => each !== undefined && each !== null).map(visible));
  return made;
}

/** Text in which nothing hides and nothing turns the line round; nodes as they are. */
function visible(child) {
  if (typeof child !== "string") return child;
  return child.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (sign) => (sign === "\n" ? sign : `⟨${sign.codePointAt(0).toString(16)}⟩`));
}

/** What went wrong, in one language; what is none of ours is a bug and goes on. */
export function problemOf(error) {
  if (!(error instanceof LedgerError)) throw error;
  // A detail has both languages: Chinese / English.
  const cut = error.message.lastIndexOf(" / ");
  const detail = cut < 0 ? error.message : error.message.slice(...(english ? [cut + 3] : [0, cut]));
  // To who filled a form in, it says enough what is wrong with it.
  const title = english || !error.title || error.code === "malformed-request" ? "" : `${error.title}：`;
  return `${title}${detail} [${error.code}]`;
}

/** Show a problem in its place, or hide the place. */
export function show(place, error) {
  place.hidden = error === undefined;
  place.textContent = error === undefined ? "" : problemOf(error);
}
