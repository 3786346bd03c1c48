import { storeContract } from "../tests/contracts/store_contract.ts";
import { MemoryStore } from "./memory_store.ts";

storeContract("MemoryStore", () => new MemoryStore());
