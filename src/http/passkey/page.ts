import { randomBytes } from "node:crypto";

import type { PasskeyView } from "#domain/passkey.ts";

import { RawAnswer } from "../operation.ts";
import { pageScript } from "./page-script.ts";
import { passkeyBookmark, passkeySnippet } from "./snippet.ts";
import { type PageLanguage, pageLanguages, pageWords, type PageWords } from "./words.ts";

/**
 * The page behind a passkey link. It runs its own script only, asks nobody but this server, and may be shown in no frame.
 * Without `view` the link is dead, and the page says so (410).
 */
export function passkeyPage(input: {
  readonly language: PageLanguage;
  /** Address of this page, absolute. */
  readonly url: string;
  readonly view: PasskeyView | undefined;
}): RawAnswer {
  const { language, url, view } = input;
  const words = pageWords[language];
  const nonce = randomBytes(16).toString("base64");
  const options = view?.options;
  const data = {
    words,
    open: options !== undefined,
    expiresAt: view?.expiresAt ?? 0,
    ...(options !== undefined && { snippet: passkeySnippet(options, url), bookmark: passkeyBookmark(options, url) }),
  };
  const html = `<!doctype html><html lang="${language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<title>${escape(words.title)}</title><style nonce="${nonce}">${style}</style></head><body><main>
<nav>${pageLanguages.map((one) => `<a href="?lang=${one}"${one === language ? ' aria-current="true"' : ""}>${names[one]}</a>`).join("")}</nav>
<h1>${escape(words.title)}</h1>${body(words, view)}</main>
<script type="application/json" id="data">${JSON.stringify(data).replaceAll("<", String.raw`\u003c`)}</script>
<script nonce="${nonce}">${pageScript}</script></body></html>`;
  return new RawAnswer(html, {
    contentType: "text/html; charset=utf-8",
    status: options === undefined ? 410 : 200,
    headers: {
      "content-security-policy": `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      "permissions-policy": "clipboard-write=(self)",
    },
  });
}

const names = { en: "English", pt: "Português" } as const satisfies Record<PageLanguage, string>;

function body(words: PageWords, view: PasskeyView | undefined): string {
  const w = Object.fromEntries(Object.entries(words).map(([name, text]) => [name, escape(text)])) as PageWords;
  const digits = view?.lastDigits;
  const whose = digits === undefined ? w.numberUnknown : `${w.number} <b>${escape(digits)}</b>.`;
  return `<p id="note" hidden></p>
<section data-part="steps" hidden><p>${w.intro}</p><p class="whose">${whose}</p>
<ol><li><h2>${w.stepOpen}</h2><p>${w.stepOpenText}</p>
<a class="button plain" href="https://web.whatsapp.com/" target="_blank" rel="noopener noreferrer">${w.openLink}</a></li>
<li><h2>${w.stepRun}</h2><p>${w.stepRunText}</p><textarea id="helper" readonly rows="3" spellcheck="false"></textarea>
<button id="copy" type="button">${w.copy}</button><p class="small">${w.bookmark} <a id="bookmark" class="mark">${w.bookmarkName}</a></p></li>
<li><h2>${w.stepUse}</h2><p>${w.stepUseText}</p>
<details><summary>${w.paste}</summary><textarea id="paste" rows="3" spellcheck="false" autocomplete="off"></textarea>
<button id="send" type="button">${w.send}</button></details></li></ol><p class="small">${w.safety}</p></section>
<section data-part="wait" hidden class="center"><div class="spin"></div><p id="doing" role="status">${w.sending}</p>
<div id="also" hidden><p class="small">${w.also}</p><p class="code"></p></div></section>
<section data-part="confirm" hidden class="center"><h2>${w.confirm}</h2><p class="code"></p><p>${w.confirmText}</p>
<div class="pair"><button id="yes" type="button">${w.yes}</button><button id="no" type="button" class="plain">${w.no}</button></div></section>
<section data-part="over" hidden class="center" id="over"><div id="mark"></div><p id="end" role="status"></p></section>
<p id="left" class="small">${view?.options === undefined ? "" : `${w.timeLeft}: <span id="time"></span>`}</p>`;
}

const style = `:root{color-scheme:light dark;--ink:#14201b;--soft:#5b6a63;--card:#fff;--back:#eef3f0;--line:#d9e2dd;--go:#0b7a53;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--ink:#e8f0ec;--soft:#9fb0a8;--card:#17211d;--back:#0d1512;--line:#2b3933;--go:#1fa774;--bad:#ff8a80}}
*{box-sizing:border-box}[hidden]{display:none!important}body{margin:0;background:var(--back);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:640px;margin:5vh auto;padding:28px 32px;background:var(--card);border:1px solid var(--line);border-radius:18px}
h1{font-size:1.4rem;line-height:1.25;margin:.2em 0 .6em}h2{font-size:1.05rem;margin:0}p{margin:.4em 0 .8em}.small{color:var(--soft);font-size:.875rem}
nav{display:flex;gap:14px;justify-content:flex-end;font-size:.875rem}nav a{color:var(--soft)}nav a[aria-current]{color:var(--ink);font-weight:600;text-decoration:none}
.whose{padding:10px 14px;border-left:4px solid var(--go);background:color-mix(in srgb,var(--go) 9%,transparent);border-radius:6px}
ol{list-style:none;counter-reset:n;padding:0;margin:22px 0}li{counter-increment:n;position:relative;padding:0 0 18px 46px}
li:before{content:counter(n);position:absolute;left:0;top:-3px;width:30px;height:30px;border-radius:50%;background:var(--go);color:#fff;font-weight:700;display:grid;place-items:center}
li:not(:last-child):after{content:"";position:absolute;left:14px;top:34px;bottom:2px;width:2px;background:var(--line)}
button,.button{display:inline-block;font:600 1rem system-ui,sans-serif;color:#fff;background:var(--go);border:1px solid var(--go);border-radius:10px;padding:10px 18px;cursor:pointer;text-decoration:none}
.plain{background:none;color:var(--ink);border-color:var(--line)}button:focus-visible,a:focus-visible,textarea:focus-visible,summary:focus-visible{outline:3px solid var(--go);outline-offset:2px}
textarea{display:block;width:100%;margin:0 0 10px;padding:10px;font:.8rem/1.4 ui-monospace,monospace;color:var(--ink);background:var(--back);border:1px solid var(--line);border-radius:10px;resize:vertical}
.mark{display:inline-block;padding:1px 10px;border:1px dashed var(--go);border-radius:8px;color:var(--go);font-weight:600;text-decoration:none;cursor:grab}
summary{cursor:pointer;color:var(--soft)}details[open] summary{margin-bottom:10px}.center{text-align:center;padding:18px 0}
.code{font:700 2.4rem/1.2 ui-monospace,monospace;letter-spacing:.08em;margin:.35em 0}.pair{display:flex;gap:12px;justify-content:center;flex-wrap:wrap}
#note{padding:10px 14px;border-radius:10px;background:color-mix(in srgb,var(--soft) 15%,transparent)}#note[data-kind=bad]{background:color-mix(in srgb,var(--bad) 15%,transparent);color:var(--bad)}
#mark{width:64px;height:64px;margin:0 auto 12px;border-radius:50%;display:grid;place-items:center;font-size:2rem;font-weight:700;color:#fff;background:var(--bad)}#over[data-kind=good] #mark{background:var(--go)}
.spin{width:44px;height:44px;margin:8px auto 18px;border:4px solid var(--line);border-top-color:var(--go);border-radius:50%;animation:t 1s linear infinite}@keyframes t{to{transform:rotate(1turn)}}
@media(prefers-reduced-motion:reduce){.spin{animation:none}}@media(max-width:520px){main{margin:0;border:0;border-radius:0;min-height:100vh;padding:20px}li{padding-left:42px}button,.button{width:100%;text-align:center}}`;

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (char) => entities[char] ?? char);
}
