import type { BinaryNode } from "@whiskeysockets/baileys";

/** WhatsApp protocol: sender of the server's own stanzas; without the `@` clients do not know it again. */
export const serverJid = "@s.whatsapp.net";

/** What a stanza may carry: children, bytes, or (rarely) a string. */
export type StanzaContent = readonly BinaryNode[] | Uint8Array | string;

/** A stanza; attributes that are undefined are left out, numbers are written in decimal. */
export function stanza(
  tag: string,
  attrs: Readonly<Record<string, string | number | undefined>> = {},
  content?: StanzaContent,
): BinaryNode {
  const given = Object.entries(attrs).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  const node: BinaryNode = { tag, attrs: Object.fromEntries(given) as Record<string, string> };
  if (content !== undefined) node.content = isChildren(content) ? [...content] : content;
  return node;
}

/** The first child with this tag. */
export function childOf(node: BinaryNode | undefined, tag: string): BinaryNode | undefined {
  return childrenOf(node, tag)[0];
}

/** The children, all of them or those with this tag, in order; none when the content is bytes or missing. */
export function childrenOf(node: BinaryNode | undefined, tag?: string): readonly BinaryNode[] {
  const content = node?.content;
  if (!Array.isArray(content)) return [];
  return tag === undefined ? content : content.filter((child) => child.tag === tag);
}

/** The content as bytes, a string as UTF-8; nothing when there is none or when it is children. */
export function bytesOf(node: BinaryNode | undefined): Uint8Array | undefined {
  const content = node?.content;
  if (content === undefined || Array.isArray(content)) return undefined;
  return typeof content === "string" ? Buffer.from(content) : content;
}

/** The content as UTF-8 text. */
export function textOf(node: BinaryNode | undefined): string | undefined {
  const bytes = bytesOf(node);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString("utf8");
}

/** A big-endian number of up to six bytes; nothing when the bytes are missing, empty or more. */
export function uintOf(bytes: Uint8Array | undefined): number | undefined {
  if (bytes === undefined || bytes.length === 0 || bytes.length > 6) return undefined;
  return Buffer.from(bytes).readUIntBE(0, bytes.length);
}

/** A number as `length` big-endian bytes (one to six). */
export function uintBytes(value: number, length: number): Uint8Array {
  const bytes = Buffer.alloc(length);
  bytes.writeUIntBE(value, 0, length);
  return bytes;
}

/** Most children with the same tag that are written out. */
const shownAlike = 6;
/** Most characters of one stanza. */
const shownCharacters = 4000;

/** One line for people: `<iq id="1"><ref>#96 bytes</ref></iq>`. Bytes show as their length; long lists and lines are cut. */
export function printStanza(node: BinaryNode): string {
  const text = print(node);
  return text.length <= shownCharacters ? text : `${text.slice(0, shownCharacters)}…`;
}

function print(node: BinaryNode): string {
  const attrs = Object.entries(node.attrs).map(([name, value]) => ` ${name}="${value}"`);
  const inner = printContent(node.content);
  return `<${node.tag}${attrs.join("")}${inner === undefined ? "/>" : `>${inner}</${node.tag}>`}`;
}

function printContent(content: BinaryNode["content"]): string | undefined {
  if (content === undefined || typeof content === "string") return content;
  if (!Array.isArray(content)) return `#${content.length} bytes`;
  const seen = new Map<string, number>();
  const shown = content.flatMap((child) => {
    const nth = (seen.get(child.tag) ?? 0) + 1;
    seen.set(child.tag, nth);
    return nth <= shownAlike ? [print(child)] : [];
  });
  const hidden = [...seen].filter(([, count]) => count > shownAlike);
  return shown.join("") + hidden.map(([tag, count]) => `…(${count - shownAlike} more ${tag})`).join("");
}

const isChildren = (content: StanzaContent): content is readonly BinaryNode[] => Array.isArray(content);
