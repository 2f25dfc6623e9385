import { cleanFileName } from "#lib/clean-file-name.ts";
import { extensionOfType } from "./types/file-type.ts";

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
