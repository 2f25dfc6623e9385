import type { BinaryNode } from "@whiskeysockets/baileys";
import { settingFromJson } from "../content/proto-json.ts";
import { announceAppState } from "../iq/app-state.ts";
import { SandboxError } from "../sandbox-error.ts";
import type { StanzaJson, TellControl } from "../tell.ts";
import { stanza } from "../wire/stanza.ts";
import type { World } from "../world.ts";
import { requireAccount } from "./sends.ts";

/** Notifications and shared settings, word for word. */
export function tellControl(world: World): TellControl {
  return {
    async notify({ number, attrs, content }) {
      const { companions } = requireAccount(world, number);
      const children = content.map(stanzaOf);
      for (const companion of companions.values()) {
        world.post(companion, stanza("notification", { ...attrs, id: world.nextId(), t: world.seconds() }, children));
      }
    },
    async setting({ number, collection, index, value }) {
      const person = requireAccount(world, number);
      const { account } = person;
      if (account === undefined) throw new SandboxError("not_found", `${number} has no phone`);
      const given = settingFromJson(value);
      await account.appState.change(collection, [{ index, value: { timestamp: world.options.clock.now(), ...given } }]);
      // The one setting that others see.
      if (index[0] === "setting_pushName") person.name = given.pushNameSetting?.name ?? person.name;
      announceAppState(world, collection, { number });
      world.changed();
    },
  };
}

function stanzaOf({ tag, attrs, content }: StanzaJson): BinaryNode {
  const inner = typeof content === "string" ? Buffer.from(content) : content?.map(stanzaOf);
  return stanza(tag, attrs, inner);
}
