import { describeOnPostgres } from "../support/postgres.ts";
import { storeContract } from "./contract.ts";

await describeOnPostgres("contract", ({ openStore }) => {
  storeContract({ name: "postgres", open: () => openStore() });
});
