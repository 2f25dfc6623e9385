import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ensureSecrets } from "#config/secrets.ts";

let parent = "";
let dataDir = "";
let file = "";
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "wazapi-secrets-"));
  dataDir = join(parent, "data");
  file = join(dataDir, "secrets.json");
});
afterEach(() => rm(parent, { recursive: true, force: true }));

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);
const given = {
  clientToken: "the client token of the operator",
  partnerToken: "the partner token of the operator",
  secretKey: "cd".repeat(32),
};

describe("ensureSecrets", () => {
  it("a fresh directory gets all of them, for its owner only", async () => {
    const made = await ensureSecrets({ dataDir, auth: {} });
    expect(made.generated).toEqual(["clientToken", "partnerToken", "secretKey"]);
    expect(made.file).toBe(file);
    expect(made.clientToken.length).toBeGreaterThanOrEqual(32);
    expect(made.clientToken).not.toBe(made.partnerToken);
    expect(made.secretKey).toHaveLength(32);
    expect([await modeOf(dataDir), await modeOf(file)]).toEqual(["700", "600"]);
    expect(await readdir(dataDir)).toEqual(["secrets.json"]);
  });

  it("later starts read the same ones", async () => {
    const made = await ensureSecrets({ dataDir, auth: {} });
    const again = await ensureSecrets({ dataDir, auth: {} });
    expect(again).toEqual({ ...made, generated: [] });
  });

  it("two first starts at the same time end with the same ones", async () => {
    const both = await Promise.all([1, 2, 3, 4].map(() => ensureSecrets({ dataDir, auth: {} })));
    expect(new Set(both.map(({ clientToken, secretKey }) => clientToken + secretKey.toString("hex"))).size).toBe(1);
    expect(both.filter(({ generated }) => generated.length > 0)).toHaveLength(1);
  });

  it("what the settings give is used and not written", async () => {
    const secrets = await ensureSecrets({ dataDir, auth: given });
    expect(secrets).toEqual({
      ...given,
      secretKey: Buffer.from(given.secretKey, "hex"),
      generated: [],
      wasExposed: false,
    });
    expect(await readdir(parent)).toEqual([]);
  });

  it("only what nobody gives is generated, and nothing in the file is lost when something is added", async () => {
    const first = await ensureSecrets({ dataDir, auth: { clientToken: given.clientToken } });
    expect(first.generated).toEqual(["partnerToken", "secretKey"]);
    expect(first.clientToken).toBe(given.clientToken);
    expect(await readFile(file, "utf8")).not.toContain(given.clientToken);
    await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, "utf8")), note: "mine" }));
    const second = await ensureSecrets({ dataDir, auth: {} });
    expect(second.generated).toEqual(["clientToken"]);
    expect(second.secretKey).toEqual(first.secretKey);
    expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({ note: "mine", clientToken: second.clientToken });
    expect(await modeOf(file)).toBe("600");
  });

  it("a file that others could read is taken away from them, and that is told", async () => {
    const made = await ensureSecrets({ dataDir, auth: {} });
    await chmod(file, 0o644);
    expect(await ensureSecrets({ dataDir, auth: {} })).toEqual({ ...made, generated: [], wasExposed: true });
    expect(await modeOf(file)).toBe("600");
  });

  it("a directory that everybody may write is refused, except with the sticky bit", async () => {
    await mkdir(dataDir);
    await chmod(dataDir, 0o777);
    await expect(ensureSecrets({ dataDir, auth: {} })).rejects.toMatchObject({ code: "invalid_config" });
    await chmod(dataDir, 0o1777);
    await expect(ensureSecrets({ dataDir, auth: {} })).resolves.toBeDefined();
  });

  it.each([
    ["half a file", '{"clientToken": "x'],
    ["something else", "[1]"],
    ["a key of another length", JSON.stringify({ secretKey: "abcd" })],
    ["a short token", JSON.stringify({ clientToken: "short" })],
  ])("%s stops the start and stays as it is", async (_, content) => {
    await mkdir(dataDir);
    await writeFile(file, content, { mode: 0o600 });
    const failed = ensureSecrets({ dataDir, auth: {} });
    await expect(failed).rejects.toMatchObject({ code: "invalid_config" });
    await expect(failed).rejects.toThrow(`${file} is damaged`);
    expect(await readFile(file, "utf8")).toBe(content);
  });

  it("a place that cannot be written is said with its path", async () => {
    await writeFile(dataDir, "a file where the directory should be");
    const failed = ensureSecrets({ dataDir, auth: {} });
    await expect(failed).rejects.toMatchObject({ code: "storage" });
    await expect(failed).rejects.toThrow(dataDir);
  });
});
