/** Whether WhatsApp refused a query for good. Baileys: the error of a refused query carries the server's code as data. */
export function isRefused(error: unknown): boolean {
  const code: unknown = Object(error).data;
  // 408 and 429 say nothing about the question itself.
  return typeof code === "number" && code >= 400 && code < 500 && code !== 408 && code !== 429;
}
