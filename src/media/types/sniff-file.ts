import { open, type FileHandle } from "node:fs/promises";
import { readMp4 } from "../formats/mp4.ts";
import { type FileType, fileTypes } from "./file-type.ts";
import { sniffBytes, sniffHead } from "./sniff-head.ts";
import { readAt } from "./read-at.ts";
import { zipNames } from "./zip-names.ts";

/** The type of a file by its content; undefined when the content shows none. Reads little, however long the file is. */
export async function sniffFile(path: string): Promise<FileType | undefined> {
  await using file = await open(path, "r");
  const { size } = await file.stat();
  const head = await readAt(file, 0, sniffBytes);
  const found = sniffHead(head);
  if (found === "application/zip") return await zipType(file, { head, size });
  if (found === "video/mp4") return await mp4Type(path);
  return found;
}

/** Without a picture it is a sound, whatever its brand says: recorders write `mp42` for both. */
async function mp4Type(path: string): Promise<FileType> {
  const facts = await readMp4(path);
  return facts?.hasAudio === true && !facts.hasVideo ? "audio/mp4" : "video/mp4";
}

async function zipType(
  file: FileHandle,
  { head, size }: { readonly head: Buffer; readonly size: number },
): Promise<FileType> {
  // OpenDocument and EPUB begin with an uncompressed file `mimetype`: 30 bytes, its name, its content.
  const text = head.toString("latin1", 30, 300);
  const declared = /^mimetype(application\/[\w.+-]+?)(?=PK|$)/.exec(text)?.[1];
  if (declared !== undefined && Object.hasOwn(fileTypes, declared)) return declared as FileType; // Just checked.
  const names = await zipNames(file, size);
  if (names === undefined) return "application/zip";
  const has = (name: string): boolean => names.includes(name);
  if (has("[Content_Types].xml")) return officeType(names);
  if (has("AndroidManifest.xml")) return "application/vnd.android.package-archive";
  return has("META-INF/MANIFEST.MF") ? "application/java-archive" : "application/zip";
}

const officeParts: readonly (readonly [folder: string, plain: FileType, macros: FileType])[] = [
  [
    "word/",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.ms-word.document.macroEnabled.12",
  ],
  [
    "xl/",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.ms-excel.sheet.macroEnabled.12",
  ],
  [
    "ppt/",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.ms-powerpoint.presentation.macroEnabled.12",
  ],
  ["visio/", "application/vnd.ms-visio.drawing", "application/vnd.ms-visio.drawing"],
];

/** All of them have a list of content types and relations; the folder of the main part tells which one it is. */
function officeType(names: readonly string[]): FileType {
  const found = officeParts.find(([folder]) => names.some((name) => name.startsWith(folder)));
  if (found === undefined) return "application/zip";
  const [folder, plain, macros] = found;
  return names.includes(`${folder}vbaProject.bin`) ? macros : plain;
}
