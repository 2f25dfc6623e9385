/**
 * The script of the page. It reads what comes behind the `#`, sends it to this very address, and then asks how it goes on.
 * `D` is the data of the page: words, whether it may take a passkey, when that ends, and the helper.
 */
export const pageScript = `
const D = JSON.parse(document.getElementById("data").textContent), W = D.words;
const $ = (id) => document.getElementById(id);
let at = location.pathname, timer, done = false, over = D.expiresAt;
const show = (id) => { for (const part of document.querySelectorAll("[data-part]")) part.hidden = part.dataset.part !== id; };
const say = (text, kind) => { const n = $("note"); n.textContent = text; n.dataset.kind = kind || ""; n.hidden = !text; };
const code = (text) => { for (const n of document.querySelectorAll(".code")) n.textContent = text || ""; };
const finish = (end) => {
  done = true; clearTimeout(timer);
  $("end").textContent = W[end] || W.expired; $("mark").textContent = end === "linked" ? "\\u2713" : "!";
  $("over").dataset.kind = end === "linked" ? "good" : "bad"; $("left").hidden = true; say(""); show("over");
};
const view = (v) => {
  if (v.end) return finish(v.end);
  over = v.expiresAt || over; code(v.code);
  $("also").hidden = !v.code;
  if (v.stage === "confirm") show("confirm");
  else if (v.stage === "required") show(D.open ? "steps" : "wait");
  else { $("doing").textContent = v.stage === "linking" ? W.linking : W.waiting; show("wait"); }
};
const call = (method, body) => fetch(at, { method, cache: "no-store", headers: { accept: "application/json", ...(body && { "content-type": "application/json" }) }, ...(body && { body: JSON.stringify(body) }) });
const look = async () => {
  clearTimeout(timer);
  if (done) return;
  try {
    const r = await call("GET");
    if (r.status === 404 || r.status === 410) return finish("dead");
    if (r.ok) { say(""); view(await r.json()); }
  } catch { say(W.offline); }
  if (!done) timer = setTimeout(look, 1500);
};
const send = async (text) => {
  let given;
  try { given = JSON.parse(text); } catch { return say(W.broken, "bad"); }
  $("doing").textContent = W.sending; show("wait"); say("");
  try {
    const r = await call("POST", given), answer = await r.json();
    if (r.status === 202) { D.open = false; at = answer.next; return look(); }
    if (r.status === 410 || r.status === 404) return finish("dead");
    say(answer.error || W.broken, "bad");
  } catch { say(W.offline, "bad"); }
  show("steps");
};
const compare = async (match) => { show("wait"); $("doing").textContent = W.linking; await call("POST", { match }).catch(() => {}); look(); };
if (!D.open) finish("dead");
else {
  $("helper").value = D.snippet; $("bookmark").href = D.bookmark;
  $("copy").onclick = async () => {
    $("helper").select();
    try { await navigator.clipboard.writeText(D.snippet); } catch { document.execCommand("copy"); }
    $("copy").textContent = W.copied; setTimeout(() => { $("copy").textContent = W.copy; }, 2000);
  };
  $("bookmark").onclick = (e) => e.preventDefault();
  $("send").onclick = () => send($("paste").value);
  $("paste").onpaste = () => setTimeout(() => send($("paste").value));
  $("yes").onclick = () => compare(true);
  $("no").onclick = () => compare(false);
  setInterval(() => {
    const s = Math.max(0, Math.round((over - Date.now()) / 1000));
    $("time").textContent = Math.floor(s / 60) + ":" + String(s % 60).padStart(2, "0");
  }, 500);
  const came = /^#a=([\\w-]+)$/.exec(location.hash);
  // What came behind the # is taken once and leaves the history.
  if (location.hash) history.replaceState(null, "", at);
  if (came) send(new TextDecoder().decode(Uint8Array.from(atob(came[1].replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0))));
  else { show("steps"); look(); }
}
`;
