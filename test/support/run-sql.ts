import { Client } from "pg";

/** Runs statements without parameters on a connection of their own. */
export async function runSql(dsn: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: dsn });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(text);
    return rows;
  } finally {
    await client.end();
  }
}
