import { mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeDataDir } from "#config/data-dir.ts";

let parent = "";
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "wazapi-data-dir-"));
});
afterEach(() => rm(parent, { recursive: true, force: true }));

describe("makeDataDir", () => {
  it("makes what is missing above it too, for its owner only, and can be asked again", async () => {
    const dir = join(parent, "one", "two");
    await Promise.all([makeDataDir(dir), makeDataDir(dir), makeDataDir(join(parent, "one", "three"))]);
    await makeDataDir(dir);
    const modes = await Promise.all([join(parent, "one"), dir].map(async (path) => (await stat(path)).mode & 0o777));
    expect(modes).toEqual([0o700, 0o700]);
  });

  it.each([["a-file"], [join("a-file", "below")], ["nowhere"]])(
    "%s: says that a file is in its place",
    async (name) => {
      await writeFile(join(parent, "a-file"), "");
      await symlink(join(parent, "gone"), join(parent, "nowhere"));
      const dir = join(parent, name);
      await expect(makeDataDir(dir)).rejects.toMatchObject({
        code: "storage",
        message: `the data directory ${dir} cannot be made: a file is in its place`,
      });
    },
  );

  it.runIf(process.platform === "linux")("ends where the system allows no directory", async () => {
    await expect(makeDataDir("/proc/wazapi/data")).rejects.toMatchObject({
      code: "storage",
      message: expect.stringMatching(/cannot be made: (?:the system allows no directory there|permission denied)$/),
    });
  });
});
