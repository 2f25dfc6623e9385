import { expect, test } from "vitest";
import { known, openHttp, scenarios } from "./support.ts";

const stats = {
  total_files: 2,
  total_bytes: 300,
  base_path: "/srv/media",
  url_expiry: "24h0m0s",
  public_base_url: "https://wa.example/media",
};
const file = `/media/${known.instanceId}/${"c".repeat(32)}.png?expires=1&signature=a`;

scenarios([
  {
    name: "stats: totals, and how addresses look",
    request: "GET /media/stats",
    as: "partner",
    status: 200,
    answer: stats,
  },
  { name: "stats: not for everybody", request: "GET /media/stats", as: "nobody", status: 401 },
]);

test("a file: for everybody, with the status and the headers of whoever serves it", async () => {
  await using http = await openHttp();
  const answer = await http.app.fetch(new Request(`http://localhost${file}`));
  expect([answer.status, await answer.text()]).toEqual([206, "bytes"]);
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    "content-type": "image/png",
    "content-length": "5",
    "cache-control": "private",
    "x-content-type-options": "nosniff",
  });
  const head = await http.app.fetch(new Request(`http://localhost${file}`, { method: "HEAD" }));
  expect([head.status, await head.text()]).toEqual([206, ""]);
  const { pathname } = new URL(`http://localhost${file}`);
  expect(http.calls).toEqual(["GET", "HEAD"].map((method) => ["serve", method, pathname]));
});
