import { isIP, type LookupFunction } from "node:net";
import type { AddressGuard, GuardVerdict } from "./guard.ts";

/** The guard refused the address. Its code is what a socket layer passes on. */
class ForbiddenAddressError extends Error {
  override readonly name = "ForbiddenAddressError";
  readonly code = "WAZAPI_FORBIDDEN_ADDRESS";
}

/** A `lookup` for sockets that asks the guard and dials only what it checked. */
export function guardedLookup(guard: AddressGuard): LookupFunction {
  return (hostname, options, reply) => {
    void guard.check(hostname).then((verdict) => {
      const found = foundIn(verdict);
      if (found instanceof Error) reply(found, "");
      else if (options.all === true) reply(null, [...found.addresses]);
      else reply(null, found.first.address, found.first.family);
    });
  };
}

/** Throws `ForbiddenAddressError` for a host that is a forbidden address already: such a host reaches no `lookup`. */
export async function checkLiteral(guard: AddressGuard, hostname: string): Promise<void> {
  const bare = hostname.replace(/^\[|\]$/g, "");
  if (isIP(bare) === 0) return;
  const verdict = await guard.check(bare);
  if (verdict.kind === "forbidden") throw new ForbiddenAddressError(`address ${bare} may not be called`);
}

function foundIn(verdict: GuardVerdict) {
  if (verdict.kind === "forbidden") return new ForbiddenAddressError(`address ${verdict.address} may not be called`);
  const [first] = verdict.kind === "allowed" ? verdict.addresses : [];
  if (verdict.kind === "allowed" && first !== undefined) return { addresses: verdict.addresses, first };
  const error: NodeJS.ErrnoException = new Error("no such host", {
    cause: verdict.kind === "unresolved" ? verdict.cause : undefined,
  });
  error.code = "ENOTFOUND";
  return error;
}
