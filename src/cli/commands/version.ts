import type { Declare } from "../command-table.ts";
import { buildInfo, programVersion } from "../version.ts";

/** `wazapi version`. */
export const declareVersion: Declare = (command, run) => {
  command.description("Print the version; with --json also of what it runs on.").action(
    run(async ({ out }) => {
      const version = programVersion();
      const { node } = process.versions;
      const { platform, arch } = process;
      out.document({ version, node, platform, arch, ...buildInfo() }, (page) => page.text(version));
    }),
  );
};
