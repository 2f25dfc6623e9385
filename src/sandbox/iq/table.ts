import type { BinaryNode } from "@whiskeysockets/baileys";
import type { Companion } from "../companion.ts";
import type { Connection } from "../connection.ts";
import { childrenOf, serverJid, stanza } from "../wire/stanza.ts";
import type { World } from "../world.ts";
import { answerCatalogue } from "./catalogue.ts";
import { answerMex } from "./mex.ts";
import { answerAppState } from "./app-state.ts";
import { answerCompanion } from "./companion.ts";
import { answerEncrypt } from "./encrypt.ts";
import { answerPicture, answerStatus } from "./profile.ts";
import { answerBlocklist, answerDisappearing, answerPrivacy } from "./privacy.ts";
import { answerEmpty, answerMediaConnection, answerProps } from "./server.ts";
import { answerUsync } from "./usync.ts";

/** A query of a logged-in device. */
export interface IqQuery {
  readonly node: BinaryNode;
  readonly type: string;
  /** First child; for most queries the only one. */
  readonly child: BinaryNode | undefined;
  readonly from: Companion;
}

/** What a query is answered with. `unhandled`: nobody here knows it, the client gets a 501; `silent`: with nothing. */
export type IqAnswer =
  | {
      readonly content?: readonly BinaryNode[];
      /** Happens right after the answer was sent. */
      readonly after?: () => void;
    }
  | { readonly error: number; readonly text: string }
  /** The real server leaves the client waiting. */
  | "silent"
  | "unhandled";

/** Answers the queries of one xmlns. */
export type IqHandler = (world: World, query: IqQuery) => IqAnswer | Promise<IqAnswer>;

/** Who answers what, by xmlns. Parts of WhatsApp that have chats of their own bring their own handlers. */
export type IqTable = Readonly<Record<string, IqHandler>>;

/** Everything that is not about groups. */
export const basicIqs: IqTable = {
  encrypt: answerEncrypt,
  usync: answerUsync,
  "w:sync:app:state": answerAppState,
  "w:profile:picture": answerPicture,
  status: answerStatus,
  privacy: answerPrivacy,
  blocklist: answerBlocklist,
  disappearing_mode: answerDisappearing,
  abt: answerProps,
  "w:m": answerMediaConnection,
  "w:mex": answerMex,
  "w:biz:catalog": answerCatalogue,
  md: answerCompanion,
  passive: answerEmpty,
  "w:p": answerEmpty,
  "urn:xmpp:ping": answerEmpty,
  "urn:xmpp:whatsapp:dirty": answerEmpty,
  "w:stats": answerEmpty,
};

/** Answers a query, unless a fault keeps the answer back. */
export async function answerIq(
  deps: { readonly world: World; readonly table: IqTable },
  at: { readonly connection: Connection; readonly from: Companion },
  node: BinaryNode,
): Promise<void> {
  const { world, table } = deps;
  const { connection, from } = at;
  const { xmlns = "", type = "", id, to } = node.attrs;
  const about = { number: from.person.number, xmlns };
  if (world.faults.match("iq-timeout", about) !== undefined) return;
  const fault = world.faults.match("iq-error", about);
  const query = { node, type, child: childrenOf(node)[0], from };
  const handler = Object.hasOwn(table, xmlns) ? table[xmlns] : undefined;
  const answer =
    fault === undefined
      ? ((await handler?.(world, query)) ?? "unhandled")
      : { error: fault.code ?? 500, text: "injected" };
  const names = { from: to?.endsWith("@g.us") === true ? to : serverJid, id };
  if (answer === "silent") return;
  if (answer === "unhandled") world.trace.unhandled(from.person.number, node);
  const failure = answer === "unhandled" ? { error: 501, text: "feature-not-implemented" } : answer;
  if ("error" in failure) {
    const { error: code, text } = failure;
    connection.send(stanza("iq", { ...names, type: "error" }, [stanza("error", { code, text })]));
    return;
  }
  connection.send(stanza("iq", { ...names, type: "result" }, failure.content));
  failure.after?.();
}
