import type { Product } from "@whiskeysockets/baileys";
import { WazapiError } from "#domain/errors.ts";
import type { ProductContent } from "#domain/outgoing/cards.ts";
import type { LiveSocket } from "../live-socket.ts";
import { answeredIn } from "./answered-in.ts";
import { uploadFile } from "./files-upload.ts";
import type { BuildPayload } from "./payload.ts";
import { isRefused } from "./refused.ts";

/**
 * The card of a product as the catalogue of its business has it now; its picture is fetched from there. Where WhatsApp
 * does not answer about catalogues (any more, OpenWA #1524) the card names business and product alone, and the
 * recipient's app looks it up. Throws `invalid_request` when the catalogue does not have it.
 */
export const productPayload: BuildPayload<ProductContent> = async (
  deps,
  { instanceId, socket, jid, content },
  signal,
) => {
  const { businessJid, productId } = content;
  const ask = (until: AbortSignal): ReturnType<typeof findProduct> =>
    findProduct(socket, { businessJid, productId, signal: until });
  const product = await answeredIn(socket, { name: "catalogue", limitMs: catalogueMs, ask }, signal);
  if (product === undefined) {
    return { message: { productMessage: { businessOwnerJid: businessJid, product: { productId } } } };
  }
  if (product === "missing") {
    throw new WazapiError("invalid_request", { message: `the catalogue has no product ${productId}` });
  }
  const { name, description, currency, price, retailerId, url: link, imageUrls } = product;
  const url = imageUrls["original"] ?? imageUrls["requested"];
  const productImage = url === undefined ? undefined : await picture();
  return {
    message: {
      productMessage: {
        businessOwnerJid: businessJid,
        product: {
          productId,
          title: name,
          description,
          currencyCode: currency,
          // WhatsApp protocol: prices are thousandths, in the catalogue and in messages.
          priceAmount1000: price,
          ...(retailerId && { retailerId }),
          ...(link && { url: link }),
          productImageCount: productImage === undefined ? 0 : 1,
          ...(productImage && { productImage }),
        },
      },
    },
  };

  async function picture() {
    const { path, file } = await deps.files.open({ instanceId, kind: "image", file: { url: url ?? "" } }, signal);
    const { mimeType, facts } = file;
    return {
      ...(await uploadFile(socket, { path, kind: "image", jid })),
      mimetype: mimeType,
      ...(facts.width !== undefined && { width: facts.width }),
      ...(facts.height !== undefined && { height: facts.height }),
      ...(facts.thumbnail !== undefined && { jpegThumbnail: Buffer.from(facts.thumbnail, "base64") }),
    };
  }
};

/** Longest that all its pages may take. */
const catalogueMs = 5_000;
const pageSize = 50;
/** Catalogues end; one that does not is not read for ever. */
const maxPages = 40;

async function findProduct(
  { sock }: LiveSocket,
  input: { readonly businessJid: string; readonly productId: string; readonly signal: AbortSignal },
): Promise<Product | "missing"> {
  let cursor: string | undefined;
  for (let page = 0; page < maxPages; page += 1) {
    input.signal.throwIfAborted();
    const where = { jid: input.businessJid, limit: pageSize, ...(cursor !== undefined && { cursor }) };
    const { products, nextPageCursor } = await sock.getCatalog(where).catch((error: unknown) => {
      if (!isRefused(error)) throw error;
      throw new WazapiError("invalid_request", { message: "this business has no catalogue" });
    });
    const found = products.find(({ id }) => id === input.productId);
    if (found !== undefined) return found;
    if (!nextPageCursor) return "missing";
    cursor = nextPageCursor;
  }
  return "missing";
}
