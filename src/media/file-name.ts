import { extensionOfType } from "./types/file-type.ts";

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

/** A name for a file that has none, or the given one with the extension its type is known by. */
export function fileNameFor(given: string | undefined, mimeType: string, fallback: string): string {
  const extension = extensionOfType(mimeType);
  const clean = given === undefined ? undefined : cleanFileName(given);
  const name = clean ?? fallback;
  return /\.[\w-]{1,10}$/.test(name) || extension === undefined ? name : `${name}.${extension}`;
}

/** The name a document is shown with: phones open it by its ending, which is the one the caller said. */
export function documentName(
  fileName: string | undefined,
  type: { readonly mimeType: string; readonly extension?: string },
): string {
  const { mimeType, extension } = type;
  if (extension === undefined) return fileNameFor(fileName, mimeType, unnamed);
  const name = fileName ?? unnamed;
  return name.toLowerCase().endsWith(`.${extension.toLowerCase()}`) ? name : `${name}.${extension}`;
}

const unnamed = "file";
