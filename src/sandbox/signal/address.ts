import { ProtocolAddress } from "libsignal";
import { SandboxError } from "../sandbox-error.ts";

/** The libsignal name of an address `user@server:device`; numbers and LIDs never share one. Throws `invalid`. */
export function protocolAddress(address: string): ProtocolAddress {
  const parts = /^(\d+)@(s\.whatsapp\.net|lid):(\d+)$/.exec(address);
  if (parts === null) throw new SandboxError("invalid", `${address} is no address of a device`);
  const [, user = "", server, device] = parts;
  return new ProtocolAddress(server === "lid" ? `${user}_1` : user, Number(device));
}
