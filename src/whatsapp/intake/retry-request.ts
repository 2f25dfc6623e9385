import {
  encodeBigEndian,
  encodeSignedDeviceIdentity,
  getNextPreKeys,
  KEY_BUNDLE_TYPE,
  xmppPreKey,
  xmppSignedPreKey,
  type BinaryNode,
  type RetryReason,
  type WASocket,
} from "@whiskeysockets/baileys";
import { isHostedJid } from "#domain/jid.ts";
import { BoundedMap } from "../bounded-map.ts";

/** What a request is made of. */
type RetryRequestDeps = Pick<WASocket, "authState" | "ev" | "sendNode">;

/** One request. */
export interface RetryQuestion {
  /** The message that cannot be read. */
  readonly node: BinaryNode;
  /** Which time it is asked for; 1 is the first. */
  readonly count: number;
  readonly reason: RetryReason;
  /** Called when WhatsApp has it. */
  readonly heard: () => void;
}

/** The requests of one connection. */
export interface RetryRequests {
  /** Asks the author to send a message again. Resolves once that is written; rejects when it cannot be. */
  readonly ask: (question: RetryQuestion) => Promise<void>;
}

/** Requests on their way; of more it is not learnt whether they were heard. */
const maxOnTheirWay = 1_000;

/**
 * Prepares asking on the socket, which is asked for at the first request. WhatsApp protocol: the server answers each
 * receipt, also those of type `retry`, with `<ack class="receipt" id type>`. What was only written may be lost with the
 * connection.
 */
export function createRetryRequests(sock: () => RetryRequestDeps & Pick<WASocket, "ws">): RetryRequests {
  const onTheirWay = new BoundedMap<string, () => void>({ limit: maxOnTheirWay });
  let listens = false;

  function listen({ ws }: Pick<WASocket, "ws">): void {
    if (listens) return;
    listens = true;
    ws.on("CB:ack,class:receipt", ({ attrs: { id = "", type = "retry" } }: BinaryNode) => {
      if (type !== "retry") return;
      onTheirWay.get(id)?.();
      onTheirWay.delete(id);
    });
  }

  return {
    ask: async ({ node, heard, ...how }) => {
      listen(sock());
      onTheirWay.set(node.attrs["id"] ?? "", heard);
      await requestRetry(sock(), node, how);
    },
  };
}

/**
 * WhatsApp protocol: a receipt of type `retry`; from the second time on, and to the device of a provider, which keeps no
 * sessions, always, it brings keys for a new session along. `error` says why the message cannot be read.
 */
async function requestRetry(
  { authState, ev, sendNode }: RetryRequestDeps,
  { attrs }: BinaryNode,
  { count, reason }: { readonly count: number; readonly reason: RetryReason },
): Promise<void> {
  const { id = "", from = "", t = "", recipient, participant } = attrs;
  const { creds } = authState;
  const retry = { count: String(count), id, t, v: "1", error: String(reason) };
  const content: BinaryNode[] = [
    { tag: "retry", attrs: retry },
    { tag: "registration", attrs: {}, content: encodeBigEndian(creds.registrationId) },
  ];
  if (count > 1 || isHostedJid(participant ?? from)) content.push(await keyBundle({ authState, ev }));
  await sendNode({
    tag: "receipt",
    attrs: {
      id,
      type: "retry",
      to: from,
      ...(recipient === undefined ? {} : { recipient }),
      ...(participant === undefined ? {} : { participant }),
    },
    content,
  });
}

async function keyBundle({ authState, ev }: Pick<RetryRequestDeps, "authState" | "ev">): Promise<BinaryNode> {
  const { creds, keys } = authState;
  return await keys.transaction(async () => {
    const { update, preKeys } = await getNextPreKeys(authState, 1);
    const fresh = Object.entries(preKeys).map(([keyId, key]) => xmppPreKey(key, Number(keyId)));
    ev.emit("creds.update", update);
    const identity =
      creds.account === undefined
        ? []
        : [{ tag: "device-identity", attrs: {}, content: encodeSignedDeviceIdentity(creds.account, true) }];
    return {
      tag: "keys",
      attrs: {},
      content: [
        { tag: "type", attrs: {}, content: Buffer.from(KEY_BUNDLE_TYPE) },
        { tag: "identity", attrs: {}, content: creds.signedIdentityKey.public },
        ...fresh,
        xmppSignedPreKey(creds.signedPreKey),
        ...identity,
      ],
    };
  }, creds.me?.id ?? "retry");
}
