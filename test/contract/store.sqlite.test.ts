import { openTestStore } from "../support/store.ts";
import { storeContract } from "./contract.ts";

storeContract({ name: "sqlite", open: () => openTestStore() });
