import { open } from "node:fs/promises";
import { join } from "node:path";

import { configFileName } from "#config/config-file.ts";
import { ensureSecrets } from "#config/secrets.ts";
import { assetText } from "#lib/assets.ts";

import type { Declare } from "../command-table.ts";
import { loadSettings } from "../settings.ts";

/** `wazapi init`. */
export const declareInit: Declare = (command, run) => {
  command
    .description(
      "Write wacli.config.ts into this directory and the tokens into the data directory. What is there already stays.",
    )
    .action(
      run(async (cli) => {
        const file = join(cli.io.cwd, configFileName);
        const written = await writeNew(file, assetText("wacli.config.ts"));
        const { config } = await loadSettings(cli);
        const secrets = await ensureSecrets(config);
        const tokens = { ...(secrets.file !== undefined && { file: secrets.file }), generated: secrets.generated };
        cli.out.document({ config: { file, written }, dataDir: config.dataDir, tokens }, (page) =>
          page.fields({
            settings: written ? file : `${file} (it was there and stays)`,
            tokens:
              secrets.file === undefined
                ? "out of the environment or the settings"
                : `${secrets.file}${secrets.generated.length === 0 ? " (they were there and stay)" : ""}`,
          }),
        );
        cli.out.say("next: `wazapi serve`, and in another terminal `wazapi pair`");
      }),
    );
};

/** Writes a file that is not there yet; answers whether it did. */
async function writeNew(path: string, text: string): Promise<boolean> {
  try {
    await using file = await open(path, "wx");
    await file.writeFile(text);
    return true;
  } catch (error) {
    if (Object(error).code === "EEXIST") return false;
    throw error;
  }
}
