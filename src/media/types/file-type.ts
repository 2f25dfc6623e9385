/** What a type of file can be used as. */
export type FileGroup = "image" | "video" | "audio" | "document";

/** One type of file. */
interface FileTypeFacts {
  /** Without the dot; the one phones and desktops expect. */
  readonly extension: string;
  readonly group: FileGroup;
}

/** Every type that is told by content. A fixed table, because operating systems disagree (`.jfif`). */
export const fileTypes = {
  "image/jpeg": { extension: "jpg", group: "image" },
  "image/png": { extension: "png", group: "image" },
  "image/gif": { extension: "gif", group: "image" },
  "image/webp": { extension: "webp", group: "image" },
  "image/bmp": { extension: "bmp", group: "image" },
  "image/tiff": { extension: "tiff", group: "image" },
  "image/heic": { extension: "heic", group: "image" },
  "image/avif": { extension: "avif", group: "image" },
  "image/svg+xml": { extension: "svg", group: "image" },
  "image/x-icon": { extension: "ico", group: "image" },
  "video/mp4": { extension: "mp4", group: "video" },
  "video/quicktime": { extension: "mov", group: "video" },
  "video/3gpp": { extension: "3gp", group: "video" },
  "video/webm": { extension: "webm", group: "video" },
  "video/x-matroska": { extension: "mkv", group: "video" },
  "video/x-msvideo": { extension: "avi", group: "video" },
  "video/mpeg": { extension: "mpg", group: "video" },
  "video/mp2t": { extension: "ts", group: "video" },
  "video/ogg": { extension: "ogv", group: "video" },
  "video/x-flv": { extension: "flv", group: "video" },
  "video/x-ms-asf": { extension: "asf", group: "video" },
  "audio/mpeg": { extension: "mp3", group: "audio" },
  "audio/ogg; codecs=opus": { extension: "ogg", group: "audio" },
  "audio/ogg": { extension: "ogg", group: "audio" },
  "audio/mp4": { extension: "m4a", group: "audio" },
  "audio/aac": { extension: "aac", group: "audio" },
  "audio/wav": { extension: "wav", group: "audio" },
  "audio/flac": { extension: "flac", group: "audio" },
  "audio/amr": { extension: "amr", group: "audio" },
  "audio/aiff": { extension: "aiff", group: "audio" },
  "audio/webm": { extension: "weba", group: "audio" },
  "application/pdf": { extension: "pdf", group: "document" },
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": { extension: "docx", group: "document" },
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": { extension: "xlsx", group: "document" },
  "application/vnd.openxmlformats-officedocument.presentationml.presentation": {
    extension: "pptx",
    group: "document",
  },
  "application/vnd.ms-word.document.macroEnabled.12": { extension: "docm", group: "document" },
  "application/vnd.ms-excel.sheet.macroEnabled.12": { extension: "xlsm", group: "document" },
  "application/vnd.ms-powerpoint.presentation.macroEnabled.12": { extension: "pptm", group: "document" },
  "application/vnd.ms-visio.drawing": { extension: "vsdx", group: "document" },
  "application/vnd.oasis.opendocument.text": { extension: "odt", group: "document" },
  "application/vnd.oasis.opendocument.spreadsheet": { extension: "ods", group: "document" },
  "application/vnd.oasis.opendocument.presentation": { extension: "odp", group: "document" },
  "application/vnd.oasis.opendocument.graphics": { extension: "odg", group: "document" },
  "application/epub+zip": { extension: "epub", group: "document" },
  "application/vnd.android.package-archive": { extension: "apk", group: "document" },
  "application/java-archive": { extension: "jar", group: "document" },
  "application/zip": { extension: "zip", group: "document" },
  "application/x-cfb": { extension: "bin", group: "document" },
  "application/vnd.rar": { extension: "rar", group: "document" },
  "application/x-7z-compressed": { extension: "7z", group: "document" },
  "application/gzip": { extension: "gz", group: "document" },
  "application/rtf": { extension: "rtf", group: "document" },
  "application/json": { extension: "json", group: "document" },
  "application/xml": { extension: "xml", group: "document" },
  "text/html": { extension: "html", group: "document" },
  "text/vcard": { extension: "vcf", group: "document" },
  "text/plain": { extension: "txt", group: "document" },
} as const satisfies Record<string, FileTypeFacts>;

/** A type that is told by content. */
export type FileType = keyof typeof fileTypes;

/** Types that content does not tell apart, by the extension that does: texts and the old office formats. */
const byName: Readonly<Record<string, string>> = {
  csv: "text/csv",
  doc: "application/msword",
  xls: "application/vnd.ms-excel",
  ppt: "application/vnd.ms-powerpoint",
  msg: "application/vnd.ms-outlook",
  md: "text/markdown",
  css: "text/css",
  js: "text/javascript",
  ics: "text/calendar",
  log: "text/plain",
  htm: "text/html",
  jpeg: "image/jpeg",
  tif: "image/tiff",
  ofx: "application/x-ofx",
  p7s: "application/pkcs7-signature",
  dwg: "image/vnd.dwg",
  psd: "image/vnd.adobe.photoshop",
  mpeg: "video/mpeg",
  oga: "audio/ogg",
  opus: "audio/ogg; codecs=opus",
};

const extensions: ReadonlyMap<string, string> = new Map([
  ...Object.entries(fileTypes).map(([type, { extension }]) => [extension, type] as const),
  ["ogg", "audio/ogg"],
  // Whatever nobody has a name for; compound files just borrow it.
  ["bin", "application/octet-stream"],
  ...Object.entries(byName),
]);
const byType: ReadonlyMap<string, string> = new Map([
  ...Object.entries(byName).map(([extension, type]) => [type, extension] as const),
  ...Object.entries(fileTypes).map(([type, { extension }]) => [type, extension] as const),
]);

/** The type that a file name's extension stands for. Any case, with or without the dot. */
export function typeOfExtension(extension: string): string | undefined {
  return extensions.get(extension.replace(/^\./, "").toLowerCase());
}

/** The extension of a type (parameters are ignored where they make no difference); undefined for unknown ones. */
export function extensionOfType(mimeType: string): string | undefined {
  const lower = mimeType.toLowerCase();
  return byType.get(lower) ?? byType.get(baseType(lower));
}

/** The type without parameters, lower case: `audio/ogg; codecs=opus` is `audio/ogg`. */
export function baseType(mimeType: string): string {
  return (mimeType.split(";")[0] ?? "").trim().toLowerCase();
}

/** What a type can be used as; everything unknown is a document. */
export function groupOf(mimeType: string): FileGroup {
  const known = Object.hasOwn(fileTypes, mimeType) ? fileTypes[mimeType as FileType] : undefined; // Just checked.
  if (known !== undefined) return known.group;
  const [first] = baseType(mimeType).split("/");
  return first === "image" || first === "video" || first === "audio" ? first : "document";
}

/** Whether the text can stand in a `content-type` header. */
export function isMimeType(text: string): boolean {
  return /^[\w.+-]{1,80}\/[\w.+-]{1,100}(?: *; *[\w-]{1,40}=(?:[\w.+-]{1,80}|"[\w .,+-]{1,80}")){0,4}$/.test(text);
}
