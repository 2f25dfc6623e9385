/** The least that could accept a message: h3 and one insert on disk before the answer, into the same table. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { H3, toNodeHandler } from "h3";

import { loadMigrations } from "#store/migrations.ts";
import { migrate } from "#store/sqlite/migrate.ts";
import { openDatabase } from "#store/sqlite/open-database.ts";
import { answerQuestions } from "../helper.ts";

answerQuestions({
  listen: async ({ path }: { readonly path: string }) => {
    const db = openDatabase(path);
    await migrate(db, { migrations: loadMigrations("sqlite"), now: Date.now() }, new AbortController().signal);
    const insert = db.prepare(
      `INSERT INTO queue (instance_id, zaap_id, message_id, outgoing, state, attempts, due_at, held, typing_ms,
         created_at, updated_at)
       VALUES ('bare', @id, @messageId, @outgoing, 'queued', 0, @now, 0, 0, @now, @now)`,
    );
    const app = new H3({ silent: true });
    app.on("POST", "/send-text", async (event) => {
      const { phone, message } = (await event.req.json()) as { phone: string; message: string };
      const id = randomUUID();
      const messageId = `3EB0${id.replaceAll("-", "").slice(0, 18).toUpperCase()}`;
      const outgoing = JSON.stringify({ to: `${phone}@s.whatsapp.net`, content: { kind: "text", text: message } });
      insert.run({ id, messageId, outgoing, now: Date.now() });
      return { zaapId: id, messageId, id: messageId };
    });
    const server = createServer(toNodeHandler(app));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  },
});
