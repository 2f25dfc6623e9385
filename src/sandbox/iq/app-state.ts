import type { Companion } from "../companion.ts";
import { childrenOf, serverJid, stanza } from "../wire/stanza.ts";
import { settingToJson } from "../content/proto-json.ts";
import type { World } from "../world.ts";
import type { IqHandler } from "./table.ts";

/** Collections of settings that phone and companions keep in common. */
export const answerAppState: IqHandler = async (world, { child, from }) => {
  const { account } = from.person;
  if (child?.tag !== "sync" || account === undefined) return "unhandled";
  const answers = [];
  const { number } = from.person;
  for (const collection of childrenOf(child, "collection")) {
    if (world.faults.match("settings-omit", { number }) !== undefined) continue;
    if (world.faults.match("settings-more", { number }) !== undefined) {
      const { name, version } = collection.attrs;
      answers.push(stanza("collection", { name, version, has_more_patches: "true" }));
      continue;
    }
    const damaged = (): boolean => world.faults.match("settings-damage", { number }) !== undefined;
    const { answer, changes } = await account.appState.sync(collection, damaged);
    answers.push(answer);
    if (changes.length === 0) continue;
    announceAppState(world, collection.attrs["name"] ?? "", { number, by: from });
    // The one setting that others see.
    for (const { index, value } of changes) {
      const shown = value === undefined ? {} : { value: settingToJson(value) };
      world.trace.setting({ number, index, ...shown });
      if (index[0] === "setting_pushName") from.person.name = value?.pushNameSetting?.name ?? from.person.name;
    }
  }
  world.changed();
  return { content: [stanza("sync", {}, answers)] };
};

/** Tells the account's devices, except the one that did it, that a collection has changed. */
export function announceAppState(
  world: World,
  name: string,
  change: { readonly number: string; readonly by?: Companion },
): void {
  for (const companion of world.directory.known(change.number)?.companions.values() ?? []) {
    if (companion === change.by) continue;
    const attrs = { from: serverJid, type: "server_sync", id: world.nextId(), t: world.seconds() };
    world.post(companion, stanza("notification", attrs, [stanza("collection", { name })]));
  }
}
