import { once } from "node:events";
import { createServer } from "node:net";

import { programVersion } from "../version.ts";
import type { Check } from "./check.ts";
import { failing, fine, systemCode, warning } from "./finding.ts";

/** Whether a server runs, can do its job, and is of the same version. */
export const server: Check = {
  title: "server",
  look: async (patient) => {
    const seen = await patient.server();
    if (seen.kind === "none")
      return [fine("none runs on this data directory", { help: "start one with `wazapi serve`" })];
    if (seen.kind === "silent") {
      return [failing(`${seen.url} does not answer as a server: ${seen.reason}`, "see its log, or start it again")];
    }
    const { api, version, readiness } = seen;
    const { ready, role, missing, checks } = readiness;
    const said = Object.entries(checks).flatMap(([name, { status, error }]) =>
      status === "healthy" ? [] : [`${name} is ${status}${error === undefined ? "" : ` (${error})`}`],
    );
    const what = `${api.url} answers, ${role}, ${version}`;
    const isStandby = role === "standby" && missing.every((name) => name === "leadership");
    const mine = programVersion();
    return [
      ...(ready || isStandby
        ? said.map((sentence) => warning(`${what}, but ${sentence}`, "see its log"))
        : [failing(`${what}, but it is not ready: ${[...new Set([...said, ...missing])].join(", ")}`, "see its log")]),
      ...(version === mine
        ? []
        : [
            warning(
              `the server is wazapi ${version}, this program is ${mine}`,
              "start the server again to bring it up",
            ),
          ]),
      ...((ready || isStandby) && said.length === 0 ? [fine(what)] : []),
    ];
  },
};

const portProblems: Readonly<Record<string, readonly [found: string, help: string]>> = {
  EADDRINUSE: ["another program listens there", "end it, or choose another address with HTTP_ADDR or --port"],
  EACCES: ["this user may not listen there", "choose a port above 1023 with HTTP_ADDR or --port"],
  EADDRNOTAVAIL: ["this machine has no such address", "choose another with HTTP_ADDR or --host"],
  ENOTFOUND: ["this host name is unknown", "choose another with HTTP_ADDR or --host"],
};

/** Whether a server could listen, when none runs. */
export const port: Check = {
  title: "port",
  look: async (patient) => {
    const seen = await patient.server();
    if (seen.kind !== "none") return [];
    const { host, port } = patient.settings.config.http.addr;
    const listener = createServer();
    try {
      listener.listen({ host, port });
      await once(listener, "listening");
      return [fine(`${host}:${port} is free`)];
    } catch (error) {
      const code = systemCode(error);
      const [found, help] = portProblems[code] ?? [code, "choose another address with HTTP_ADDR"];
      return [failing(`${host}:${port} cannot be used: ${found}`, help)];
    } finally {
      listener.close();
    }
  },
};
