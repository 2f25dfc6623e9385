import { randomBytes } from "node:crypto";
import { hostname } from "node:os";

/**
 * A name for this process on leases, claims and heartbeats. New with every start, so that nothing a dead process of this
 * machine held is mistaken for one's own.
 */
export function newNodeId(): string {
  return `${hostname()}-${process.pid}-${randomBytes(4).toString("hex")}`;
}
