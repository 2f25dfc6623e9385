/** Z-API takes `%0a` and carriage returns as line breaks; inside a link `%0a` belongs to the link. */
export function lineBreaks(text: string): string {
  return text.replace(/(https?:\/\/\S+)|%0a|\r\n?/gi, (_match, link: string | undefined) => link ?? "\n");
}
