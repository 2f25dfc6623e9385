import { bytesOf, childOf, stanza } from "../wire/stanza.ts";
import type { CatalogueProduct } from "../control.ts";
import type { IqHandler } from "./table.ts";

const defaultLimit = 10;

/** The products of a business, a page at a time; `after` names the last one of the page before. */
export const answerCatalogue: IqHandler = (world, { child }) => {
  if (child?.tag !== "product_catalog") return "unhandled";
  if (world.behaviour.catalogue === "silent") return "silent";
  const business = world.directory.find(child.attrs["jid"] ?? "");
  if (business === undefined || business.catalogue.length === 0) return { error: 404, text: "item-not-found" };
  const textOf = (tag: string): string => Buffer.from(bytesOf(childOf(child, tag)) ?? []).toString();
  const after = textOf("after");
  const start = after === "" ? 0 : business.catalogue.findIndex(({ id }) => id === after) + 1;
  const page = business.catalogue.slice(start, start + (Number(textOf("limit")) || defaultLimit));
  const last = page.at(-1);
  const hasMore = last !== undefined && last !== business.catalogue.at(-1);
  const paging = hasMore ? [stanza("paging", {}, [stanza("after", {}, bytes(last.id))])] : [];
  return { content: [stanza("product_catalog", {}, [...page.map(productNode), ...paging])] };
};

const bytes = (text: string): Buffer => Buffer.from(text);

function productNode(product: CatalogueProduct) {
  const { id, name, description, currency, price, imageUrl, url, retailerId } = product;
  const field = (tag: string, value: string | number | undefined) =>
    value === undefined ? [] : [stanza(tag, {}, bytes(String(value)))];
  const image = [...field("request_image_url", imageUrl), ...field("original_image_url", imageUrl)];
  return stanza("product", { is_hidden: "false" }, [
    ...field("id", id),
    ...field("name", name),
    ...field("description", description),
    ...field("currency", currency),
    ...field("price", price),
    ...field("url", url),
    ...field("retailer_id", retailerId),
    stanza("media", {}, imageUrl === undefined ? [] : [stanza("image", {}, image)]),
    stanza("status_info", {}, [stanza("status", {}, bytes("APPROVED"))]),
  ]);
}
