/** WhatsApp protocol: each kind of action, named by the first word of its index, has a version of its own. */
const actionVersions: Readonly<Record<string, number>> = {
  contact: 2,
  setting_pushName: 1,
  mute: 2,
  pin_v1: 5,
  archive: 3,
  markChatAsRead: 3,
  label_edit: 3,
  star: 2,
};

/** The version that an action with this index is written with. */
export function actionVersion([kind = ""]: readonly string[]): number {
  return actionVersions[kind] ?? 2;
}
