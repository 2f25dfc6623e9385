const maxLetters = 200;

/** A name that can be shown and offered for saving: the last part of a path, no control characters, not too long. */
export function cleanFileName(name: string): string | undefined {
  const last = name.split(/[/\\]/).at(-1) ?? "";
  // Marks that turn the direction of writing could hide what comes last.
  const shown = last.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu, "").trim();
  if (shown === "" || /^\.+$/.test(shown)) return undefined;
  if (shown.length <= maxLetters) return shown;
  const extension = /\.[^.]{1,10}$/.exec(shown)?.[0] ?? "";
  return shown.slice(0, maxLetters - extension.length) + extension;
}
