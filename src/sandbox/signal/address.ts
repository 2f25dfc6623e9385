import { ProtocolAddress } from "libsignal";
import { SandboxError } from "../sandbox-error.ts";

/** Signal protocol as WhatsApp uses it: what tells the users of the other servers from numbers. */
const agents: Readonly<Record<string, string>> = { lid: "_1", hosted: "_128", "hosted.lid": "_129" };

/** The libsignal name of an address `user@server:device`; numbers and LIDs never share one. Throws `invalid`. */
export function protocolAddress(address: string): ProtocolAddress {
  const parts = /^(\d+)@(s\.whatsapp\.net|lid|hosted|hosted\.lid):(\d+)$/.exec(address);
  if (parts === null) throw new SandboxError("invalid", `${address} is no address of a device`);
  const [, user = "", server = "", device] = parts;
  return new ProtocolAddress(`${user}${agents[server] ?? ""}`, Number(device));
}
