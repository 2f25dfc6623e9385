import type { BinaryNode } from "@whiskeysockets/baileys";
import { settingFromJson } from "../content/proto-json.ts";
import { announceAppState } from "../iq/app-state.ts";
import { SandboxError } from "../sandbox-error.ts";
import type { StanzaJson, TellControl } from "../tell.ts";
import { stanza, type StanzaContent } from "../wire/stanza.ts";
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
    async stanza({ number, stanza: given }) {
      const { companions } = requireAccount(world, number);
      const node = stanzaOf(given);
      const isQueued = node.attrs["id"] !== undefined;
      for (const companion of companions.values()) {
        if (!isQueued) companion.connection?.send(node);
        else if (!world.post(companion, { ...node, attrs: { t: String(world.seconds()), ...node.attrs } })) {
          throw new SandboxError("conflict", `too much waits for device ${companion.id} of ${number}`);
        }
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
    async loseSetting({ number, collection, index }) {
      const { account } = requireAccount(world, number);
      if (account?.appState.lose(collection, index) !== true) {
        throw new SandboxError("not_found", `${number} has no such setting`);
      }
      world.changed();
    },
  };
}

function stanzaOf({ tag, attrs, content }: StanzaJson): BinaryNode {
  return stanza(tag, attrs, content === undefined ? undefined : contentOf(content));
}

function contentOf(content: NonNullable<StanzaJson["content"]>): StanzaContent {
  if (typeof content === "string") return Buffer.from(content);
  return "base64" in content ? Buffer.from(content.base64, "base64") : content.map(stanzaOf);
}
