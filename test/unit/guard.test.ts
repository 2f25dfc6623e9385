import { expect, test } from "vitest";
import { createAddressGuard } from "#lib/guard.ts";
import { checkLiteral, guardedLookup } from "#lib/guarded-lookup.ts";

const strict = createAddressGuard({ allowPrivate: false, allowLoopback: false });

test.each([
  "127.0.0.1",
  "127.9.9.9",
  "[::1]",
  "::1",
  "::",
  "0.0.0.0",
  "10.1.2.3",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.1.1",
  "100.64.0.1",
  "169.254.169.254",
  "100.100.100.200",
  "224.0.0.1",
  "255.255.255.255",
  "198.18.0.1",
  "fe80::1",
  "fe80::1%eth0",
  "fc00::1",
  "fd00:ec2::254",
  "fec0::1",
  "ff02::1",
  "2001:db8::1",
  "::ffff:127.0.0.1",
  "::ffff:7f00:1",
  "::ffff:0:10.0.0.1",
  "::10.0.0.1",
  "64:ff9b::169.254.169.254",
  "64:ff9b::a9fe:a9fe",
  "64:ff9b:1::7f00:1",
  "2002:7f00:1::",
])("guard: %s is refused", async (host) => {
  expect(await strict.check(host)).toMatchObject({ kind: "forbidden" });
});

test.each(["8.8.8.8", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"])(
  "guard: %s may be called",
  async (host) => {
    expect(await strict.check(host)).toMatchObject({ kind: "allowed" });
  },
);

test("guard: what is allowed by config opens loopback and private networks, never link-local", async () => {
  const open = createAddressGuard({ allowPrivate: true, allowLoopback: true });
  for (const host of ["127.0.0.1", "::1", "10.0.0.1", "192.168.0.1", "fc00::1", "::ffff:127.0.0.1"]) {
    expect(await open.check(host)).toMatchObject({ kind: "allowed" });
  }
  for (const host of ["169.254.169.254", "fe80::1", "0.0.0.0"]) {
    expect(await open.check(host)).toMatchObject({ kind: "forbidden" });
  }
});

test("guard: one bad address spoils a name", async () => {
  const answers = [
    { address: "8.8.8.8", family: 4 },
    { address: "10.0.0.1", family: 4 },
  ];
  const guard = createAddressGuard({ allowPrivate: false, allowLoopback: false }, async () => answers);
  expect(await guard.check("mixed.test")).toEqual({ kind: "forbidden", address: "10.0.0.1" });
});

const lookupOf = (answers: () => Promise<{ address: string; family: number }[]>, all: boolean) => {
  const guard = createAddressGuard({ allowPrivate: false, allowLoopback: false }, answers);
  return new Promise((resolve) => {
    guardedLookup(guard)("name.test", { all }, (error, ...found) => resolve(error ?? found));
  });
};

test("lookup: dials only what was checked", async () => {
  const good = async () => [{ address: "8.8.8.8", family: 4 }];
  expect(await lookupOf(good, true)).toEqual([[{ address: "8.8.8.8", family: 4 }]]);
  expect(await lookupOf(good, false)).toEqual(["8.8.8.8", 4]);
  expect(await lookupOf(async () => [{ address: "::1", family: 6 }], true)).toMatchObject({
    code: "WAZAPI_FORBIDDEN_ADDRESS",
  });
  expect(await lookupOf(async () => [], true)).toMatchObject({ code: "ENOTFOUND" });
  expect(await lookupOf(() => Promise.reject(new Error("no server")), true)).toMatchObject({ code: "ENOTFOUND" });
});

test("checkLiteral: an address in the URL itself is checked, a name is left to the lookup", async () => {
  await expect(checkLiteral(strict, "[::1]")).rejects.toMatchObject({ code: "WAZAPI_FORBIDDEN_ADDRESS" });
  await expect(checkLiteral(strict, "8.8.8.8")).resolves.toBeUndefined();
  await expect(checkLiteral(strict, "localhost")).resolves.toBeUndefined();
});
