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

/** What a request is made of. */
export type RetryRequestDeps = Pick<WASocket, "authState" | "ev" | "sendNode">;

/**
 * Asks the author of a message that cannot be read to send it again. WhatsApp protocol: a receipt of type `retry`; from
 * the second time on it brings keys for a new session along. `error` says why it cannot be read.
 */
export async function requestRetry(
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
  if (count > 1) content.push(await keyBundle({ authState, ev }));
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
