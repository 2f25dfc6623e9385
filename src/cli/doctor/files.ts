import { constants, existsSync } from "node:fs";
import { access, stat, statfs } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

import { databasePath } from "#config/data-dir.ts";
import { secretsPath } from "#config/secrets.ts";
import type { Config } from "#config/schema.ts";

import type { Check } from "./check.ts";
import { failing, fine, sizeText, systemCode, warning } from "./finding.ts";
import type { Finding } from "./finding.ts";
import { readSecretsFile } from "./secrets-file.ts";

/** Whether the data directory, and that of media when it lies elsewhere, can be worked in, and by nobody else. */
export const dataDirectory: Check = {
  title: "data directory",
  look: async ({ settings: { config } }) => {
    const places = [config.dataDir, ...(liesElsewhere(config) ? [config.media.directory] : [])];
    return (await Promise.all(places.map(lookAtDirectory))).flat();
  },
};

/** Whether there is room left, and on what kind of file system. */
export const disk: Check = {
  title: "disk",
  look: async ({ settings: { config } }) => {
    const places = [config.dataDir, ...(liesElsewhere(config) ? [config.media.directory] : [])];
    return (await Promise.all(places.map((place) => lookAtDisk(place, config)))).flat();
  },
};

/** Whether the generated secrets are there, whole, and hidden from others. */
export const secrets: Check = {
  title: "secrets",
  look: async ({ settings: { config } }) => {
    const path = secretsPath(config.dataDir);
    const { clientToken, partnerToken, secretKey } = config.auth;
    const given = [clientToken, partnerToken, secretKey].filter((value) => value !== undefined).length;
    if (given === 3) return [fine("all of them are in the settings")];
    const file = await readSecretsFile(config);
    switch (file.kind) {
      case "missing":
        return secretKey === undefined && existsSync(databasePath(config.dataDir))
          ? [failing(`there is a database but no ${path}, whose key opened it`, "put secrets.json of this data back")]
          : [fine(`${path} is made at the first start`)];
      case "unreadable":
        return [failing(`${path} cannot be read (${file.code})`, "run this as the user the server runs as")];
      case "damaged":
        return [failing(`${path} is damaged`, "restore it from a backup; its key cannot be made again")];
      case "read":
        return file.isExposed
          ? [
              failing(
                `other users can read ${path}`,
                `chmod 600 ${path}, and replace the tokens when others were about`,
              ),
            ]
          : [fine(`${path} is for its owner only`)];
    }
  },
};

function liesElsewhere({ dataDir, media }: Config): boolean {
  return relative(dataDir, media.directory).startsWith("..");
}

async function lookAtDirectory(path: string): Promise<readonly Finding[]> {
  try {
    const { mode, uid } = await stat(path);
    // Looking through a name that is a file fails only now.
    await access(join(path, "."), constants.R_OK | constants.W_OK | constants.X_OK);
    if (process.platform === "win32") return [fine(`${path} can be written`)];
    if ((mode & 0o002) !== 0 && (mode & 0o1000) === 0) {
      return [failing(`every user can write ${path}`, `chmod 700 ${path}; no server starts on it before`)];
    }
    if ((mode & 0o077) !== 0) return [warning(`other users can look into ${path}`, `chmod 700 ${path}`)];
    if (process.getuid?.() === 0 && uid !== 0) {
      return [
        warning(
          `${path} belongs to the user ${uid} and this runs as root`,
          "run wazapi as the user that owns the data",
        ),
      ];
    }
    return [fine(`${path} can be written, by its owner only`)];
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT") return await lookAtParent(path);
    const what = code === "ENOTDIR" ? "a part of the path is a file" : `this user may not write there (${code})`;
    return [failing(`${path} cannot be used: ${what}`, "give the directory to this user, or name another with --data")];
  }
}

async function lookAtParent(path: string): Promise<readonly Finding[]> {
  const parent = nearestExisting(path);
  try {
    await access(parent, constants.W_OK | constants.X_OK);
    return [fine(`${path} is made at the first start`)];
  } catch {
    return [failing(`${path} is missing and cannot be made in ${parent}`, "make it, or name another with --data")];
  }
}

/** File systems as Linux numbers them (`statfs(2)`). */
const fileSystems: Readonly<Record<number, { readonly name: string; readonly kind: "network" | "memory" }>> = {
  0x6969: { name: "NFS", kind: "network" },
  0x517b: { name: "SMB", kind: "network" },
  0xff534d42: { name: "CIFS", kind: "network" },
  0xfe534d42: { name: "SMB 2", kind: "network" },
  0x5346414f: { name: "AFS", kind: "network" },
  0x00c36400: { name: "Ceph", kind: "network" },
  0x01021997: { name: "9P", kind: "network" },
  0x65735546: { name: "FUSE", kind: "network" },
  0x01021994: { name: "tmpfs", kind: "memory" },
};

async function lookAtDisk(path: string, config: Config): Promise<readonly Finding[]> {
  const { type, bavail, bsize } = await statfs(nearestExisting(path));
  const findings = [roomOf(path, bavail * bsize, config)];
  const system = process.platform === "linux" ? fileSystems[type] : undefined;
  if (system?.kind === "memory") {
    findings.push(
      warning(`${path} lies in memory (${system.name})`, "use a disk: a restart of the machine empties it"),
    );
  }
  // Files of media do not mind.
  if (system?.kind === "network" && path === config.dataDir && config.store.postgresDsn === undefined) {
    findings.push(
      warning(
        `${path} lies on a network file system (${system.name})`,
        "use a local disk, or POSTGRES_DSN: SQLite needs locks",
      ),
    );
  }
  return findings;
}

function roomOf(path: string, free: number, { health: { minFreeDiskBytes } }: Config): Finding {
  const found = `${sizeText(free)} are free for ${path}`;
  if (free < minFreeDiskBytes)
    return failing(found, `make room: below ${sizeText(minFreeDiskBytes)} a server is not ready`);
  if (free < 2 * minFreeDiskBytes)
    return warning(found, `make room: below ${sizeText(minFreeDiskBytes)} a server is not ready`);
  return fine(found);
}

function nearestExisting(path: string): string {
  let at = path;
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  return at;
}
