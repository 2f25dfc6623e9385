import { EventEmitter } from "node:events";
import {
  Browsers,
  initAuthCreds,
  type AuthenticationCreds,
  type BinaryNode,
  type WASocket,
} from "@whiskeysockets/baileys";
import { systemClock } from "#lib/clock.ts";
import { silentLog } from "#lib/log.ts";
import { openLinking, type Linking, type LinkingDeps } from "#whatsapp/linking/linking.ts";
import type { CodeEnd } from "#whatsapp/linking/pairing-codes.ts";

/** A socket that is not connected: what is sent is kept, what arrives is emitted by hand. */
export interface FakeSocket extends Disposable {
  readonly sock: WASocket;
  readonly ws: EventEmitter;
  readonly sent: BinaryNode[];
  /** Notifications that came to whoever listened before linking did. */
  readonly passed: BinaryNode[];
  /** Errors it was ended with. */
  readonly ends: unknown[];
  readonly shown: { readonly qr: string; readonly isNext: boolean }[];
  readonly codeEnds: CodeEnd[];
  /** What queries are answered, in order; one that throws is an error answer. */
  readonly answers: (() => BinaryNode | undefined)[];
  readonly linking: Linking;
  /** References arrive as bytes. */
  readonly offer: (...refs: string[]) => void;
  readonly notify: (type: string, ...children: BinaryNode[]) => BinaryNode;
}

export function fakeSocket(
  options: { qrTimeoutMs?: number } = {},
  more: Partial<Pick<LinkingDeps, "ceremony">> = {},
  creds: AuthenticationCreds = initAuthCreds(),
): FakeSocket {
  const ws = new EventEmitter();
  const over = new AbortController();
  const sent: BinaryNode[] = [];
  const passed: BinaryNode[] = [];
  const ends: unknown[] = [];
  const shown: FakeSocket["shown"] = [];
  const codeEnds: CodeEnd[] = [];
  const answers: FakeSocket["answers"] = [];
  let serial = 0;
  ws.on("CB:iq,type:set,pair-device", () => sent.push({ tag: "of Baileys", attrs: {} }));
  ws.on("CB:notification", (node: BinaryNode) => passed.push(node));
  const sock = {
    ws,
    query: async (node: BinaryNode) => {
      sent.push(node);
      return answers.shift()?.();
    },
    ev: new EventEmitter(),
    authState: { creds },
    sendNode: async (node: BinaryNode) => void sent.push(node),
    end: async (error: unknown) => void ends.push(error),
  } as unknown as WASocket;
  const linking = openLinking(
    {
      sock,
      browser: Browsers.ubuntu("Chrome"),
      clock: systemClock,
      log: silentLog,
      signal: over.signal,
      ...more,
    },
    options,
    { qr: (qr, isNext) => shown.push({ qr, isNext }), codeEnded: (end) => codeEnds.push(end) },
  );
  return {
    sock,
    ws,
    sent,
    passed,
    ends,
    shown,
    codeEnds,
    answers,
    linking,
    offer: (...refs) => {
      const children = refs.map((ref) => ({ tag: "ref", attrs: {}, content: Buffer.from(ref) }));
      const content = [{ tag: "pair-device", attrs: {}, content: children }];
      ws.emit("CB:iq,type:set,pair-device", { tag: "iq", attrs: { id: "offer" }, content });
    },
    notify: (type, ...content) => {
      serial += 1;
      const notice = { tag: "notification", attrs: { from: "@s.whatsapp.net", type, id: `n${serial}` }, content };
      ws.emit("CB:notification", notice);
      return notice;
    },
    [Symbol.dispose]: () => over.abort(),
  };
}
