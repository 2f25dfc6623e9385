import type { PasskeyOptions } from "#domain/passkey.ts";

/**
 * A script for the console of WhatsApp's own page, or a bookmark: it draws one button; a click asks the browser for the
 * passkey, copies what it gives as JSON, and goes to `backTo` with it behind the `#`, which no server sees. Without
 * `backTo` the JSON is only copied and shown. WhatsApp's page lets no script call other servers; a navigation is free.
 */
export function passkeySnippet(options: PasskeyOptions, backTo?: string): string {
  const given = JSON.stringify(options).replaceAll("<", "\\u003c");
  const back = JSON.stringify(backTo ?? null).replaceAll("<", "\\u003c");
  return `(()=>{const o=${given},back=${back},${body}})()`;
}

/** The same as the address of a bookmark. */
export function passkeyBookmark(options: PasskeyOptions, backTo: string): string {
  return `javascript:${encodeURIComponent(passkeySnippet(options, backTo))}`;
}

// One line: consoles and bookmarks take it as it is. Binary members are base64url on the wire and bytes for the browser.
const body = [
  `d=s=>Uint8Array.from(atob(s.replace(/-/g,"+").replace(/_/g,"/")),c=>c.charCodeAt(0))`,
  `e=b=>btoa(String.fromCharCode(...new Uint8Array(b))).replace(/\\+/g,"-").replace(/\\//g,"_").replace(/=+$/,"")`,
  `b=document.createElement("button");document.getElementById("wazapi-passkey")?.remove();b.id="wazapi-passkey"`,
  `b.textContent="wazapi: passkey"`,
  `b.style.cssText="position:fixed;inset:0;margin:auto;width:320px;height:84px;z-index:2147483647;font:600 18px system-ui;` +
    `color:#fff;background:#0b7a53;border:0;border-radius:14px;box-shadow:0 8px 40px #0008;cursor:pointer"`,
  `b.onclick=async()=>{try{const c=await navigator.credentials.get({publicKey:{...o,challenge:d(o.challenge),` +
    `allowCredentials:(o.allowCredentials||[]).map(x=>({...x,id:d(x.id)}))}}),r=c.response,` +
    `j=JSON.stringify({id:c.id,rawId:e(c.rawId),type:c.type,response:{clientDataJSON:e(r.clientDataJSON),` +
    `authenticatorData:e(r.authenticatorData),signature:e(r.signature),userHandle:r.userHandle?e(r.userHandle):null}})`,
  // A browser may ask whether that is allowed; the way back does not wait for it.
  `try{await Promise.race([navigator.clipboard.writeText(j),new Promise(r=>setTimeout(r,800))])}catch{}`,
  `if(back)location.href=back+"#a="+e(new TextEncoder().encode(j));else{b.textContent="\\u2713";prompt("wazapi",j);b.remove()}` +
    `}catch(x){b.textContent=String(x&&x.message||x)}}`,
  `document.body.append(b)`,
]
  .join(";")
  // The first three are declarations of one statement.
  .replace(";e=b=>", ",e=b=>")
  .replace(`;b=document.createElement`, `,b=document.createElement`);
