import type { GroupFeature } from "../feature.ts";
import type { World } from "../world.ts";
import { createCirclePoster } from "./circle-post.ts";
import { groupInfo } from "./group.ts";
import { groupChats } from "./group-chats.ts";
import { groupControl } from "./group-control.ts";
import { groupIqs } from "./group-iq.ts";
import { createGroupStore, type GroupState } from "./group-store.ts";
import { statusChats } from "./status-chats.ts";

/** Groups and everybody's status, for a world that has none yet. */
export function createGroupFeature(world: World): GroupFeature {
  const groups = createGroupStore();
  const poster = createCirclePoster(world);
  return {
    chats: [groupChats(world, groups, poster), statusChats(world, poster)],
    iqs: { "w:g2": groupIqs(groups) },
    control: groupControl(world, groups),
    list: () => groups.list().map(groupInfo),
    snapshot: () => groups.snapshot(),
    restore(state) {
      // The state file holds what `snapshot` gave.
      if (Array.isArray(state)) groups.restore(state as readonly GroupState[]);
    },
    clear: () => groups.clear(),
  };
}
