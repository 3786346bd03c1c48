import { storeContract } from "../tests/contracts/store_contract.ts";
import { openSqliteStore } from "./open.ts";

storeContract("SqliteStore in memory", () => openSqliteStore(":memory:"));
