import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";

/** Which addresses may be called beside the public ones. */
export interface AddressGuardOptions {
  /** Private networks, shared address space, unique local addresses. */
  readonly allowPrivate: boolean;
  /** This machine. */
  readonly allowLoopback: boolean;
}

/** An address that was checked and may be dialled. */
interface GuardedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** What became of the check. */
export type GuardVerdict =
  | { readonly kind: "allowed"; readonly addresses: readonly GuardedAddress[] }
  /** The name leads somewhere that may not be called. */
  | { readonly kind: "forbidden"; readonly address: string }
  /** The name leads nowhere. */
  | { readonly kind: "unresolved"; readonly cause: unknown };

/** Resolves names and refuses addresses that callers must not reach through us. */
export interface AddressGuard {
  /**
   * Checks every address a host (name or literal, brackets allowed) has. Dial only what it answers: asking the
   * resolver again could give another address.
   */
  readonly check: (host: string) => Promise<GuardVerdict>;
}

/** The guard for URLs that customers choose. `resolve` answers all addresses of a name. */
export function createAddressGuard(
  options: AddressGuardOptions,
  resolve: (host: string) => Promise<readonly { address: string; family: number }[]> = resolveAll,
): AddressGuard {
  const forbidden = blockListOf(options);
  return {
    check: async (host) => {
      const bare = host.replace(/^\[|\]$/g, "");
      let found: readonly { address: string; family: number }[];
      try {
        found = isIP(bare) === 0 ? await resolve(bare) : [{ address: bare, family: isIP(bare) }];
      } catch (error) {
        return { kind: "unresolved", cause: error };
      }
      const addresses = found.map(({ address }) => ({ address, family: isIP(address) === 6 ? 6 : 4 }) as const);
      // One bad address spoils the name: an attacker's resolver could mix a public one in.
      const bad = addresses.find(({ address }) => isForbidden(forbidden, address));
      if (bad !== undefined) return { kind: "forbidden", address: bad.address };
      return addresses.length === 0 ? { kind: "unresolved", cause: undefined } : { kind: "allowed", addresses };
    },
  };
}

async function resolveAll(host: string): Promise<readonly { address: string; family: number }[]> {
  return lookup(host, { all: true, verbatim: true });
}

/** An IPv6 address that carries an IPv4 one is judged by both. */
function isForbidden(forbidden: BlockList, address: string): boolean {
  if (isIP(address) !== 6) return forbidden.check(address, "ipv4");
  const inner = embeddedIpv4(address);
  if (inner !== undefined) return forbidden.check(inner, "ipv4");
  return forbidden.check(address, "ipv6");
}

/** The IPv4 address inside a mapped, compatible, NAT64 or 6to4 address. */
function embeddedIpv4(address: string): string | undefined {
  const groups = groupsOf(address);
  const [first, second, third] = groups;
  const zeroUntil = (end: number): boolean => groups.slice(0, end).every((group) => group === 0);
  const isMapped = zeroUntil(5) && (groups[5] === 0xffff || groups[5] === 0);
  const isTranslated = zeroUntil(4) && groups[4] === 0xffff && groups[5] === 0;
  const isNat64 = first === 0x64 && second === 0xff9b;
  if (isMapped && groups[5] === 0 && groups[6] === 0 && (groups[7] ?? 0) <= 1) return undefined;
  if (isMapped || isTranslated || isNat64) return dotted(groups[6] ?? 0, groups[7] ?? 0);
  return first === 0x2002 ? dotted(second ?? 0, third ?? 0) : undefined;
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
}

/** The eight 16-bit groups of an IPv6 address that `isIP` has accepted. */
function groupsOf(address: string): number[] {
  const bare = address.replace(/%.*$/, "");
  const v4 = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(bare);
  const text =
    v4 === null
      ? bare
      : bare.slice(0, v4.index) +
        [
          [v4[1], v4[2]],
          [v4[3], v4[4]],
        ]
          .map(([a, b]) => ((Number(a) << 8) | Number(b)).toString(16))
          .join(":");
  const [head = "", tail] = text.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const gap = tail === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...Array<string>(gap).fill("0"), ...right].map((group) => Number.parseInt(group, 16));
}

function blockListOf(options: AddressGuardOptions): BlockList {
  const list = new BlockList();
  for (const [net, bits] of always4) list.addSubnet(net, bits, "ipv4");
  for (const [net, bits] of always6) list.addSubnet(net, bits, "ipv6");
  if (!options.allowLoopback) {
    list.addSubnet("127.0.0.0", 8, "ipv4");
    list.addAddress("::1", "ipv6");
  }
  if (!options.allowPrivate) {
    for (const [net, bits] of private4) list.addSubnet(net, bits, "ipv4");
    list.addSubnet("fc00::", 7, "ipv6");
    list.addSubnet("fec0::", 10, "ipv6");
  }
  return list;
}

const private4 = [
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["100.64.0.0", 10],
] as const;

// Never a customer's endpoint: this network, link-local with the metadata services, protocol and test ranges, multicast.
const always4 = [
  ["0.0.0.0", 8],
  ["169.254.0.0", 16],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
  // Metadata service of a cloud that put it into the shared address space.
  ["100.100.100.200", 32],
] as const;
const always6 = [
  ["::", 128],
  ["fe80::", 10],
  ["ff00::", 8],
  ["100::", 64],
  ["2001:db8::", 32],
  ["2001::", 32],
  // Metadata service of a cloud that put it into the unique local range.
  ["fd00:ec2::254", 128],
] as const;
