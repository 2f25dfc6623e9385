import type { Declare } from "../command-table.ts";
import { declareSandboxLinking } from "./sandbox-linking.ts";
import { declareSandboxPasskey } from "./sandbox-passkey.ts";
import { declareSandboxDevices } from "./sandbox-devices.ts";
import { declareSandboxPeople } from "./sandbox-people.ts";
import { declareSandboxMigrate } from "./sandbox-migrate.ts";
import { declareSandboxPhones } from "./sandbox-phones.ts";
import { declareSandboxReach } from "./sandbox-reach.ts";
import { declareSandboxServe } from "./sandbox-serve.ts";
import { declareSandboxStanding } from "./sandbox-standing.ts";
import { declareSandboxWorld } from "./sandbox-world.ts";

/** `wazapi sandbox`. */
export const declareSandbox: Declare = (command, run) => {
  command.addHelpText(
    "after",
    "\nAll but `serve` direct the sandbox of the running server (`wazapi serve --sandbox`), or the one that --url names.",
  );
  declareSandboxServe(command, run);
  declareSandboxPhones(command, run);
  declareSandboxMigrate(command, run);
  declareSandboxLinking(command, run);
  declareSandboxPasskey(command, run);
  declareSandboxStanding(command, run);
  declareSandboxReach(command, run);
  declareSandboxPeople(command, run);
  declareSandboxDevices(command, run);
  declareSandboxWorld(command, run);
};
