import type { LiveSocket } from "../live-socket.ts";

const timeoutMs = 5_000;

/** Tells WhatsApp that this device goes. Never rejects: the local state is forgotten either way. */
export async function unlinkOwn({ sock, own }: Pick<LiveSocket, "sock" | "own">): Promise<void> {
  const jid = own()?.id;
  if (jid === undefined) return;
  const request = {
    tag: "iq",
    attrs: { to: "@s.whatsapp.net", type: "set", xmlns: "md" },
    content: [{ tag: "remove-companion-device", attrs: { jid, reason: "user_initiated" } }],
  };
  // The server may close before it answers.
  await sock.query(request, timeoutMs).catch(() => {});
}
