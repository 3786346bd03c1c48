import * as z from "zod";
import { lazy } from "../../engine/lazy.ts";

/** What the server says when a command has ended. */
export const execSchema = lazy(() =>
  z.looseObject({
    exit_code: z.int(),
    stdout: z.string(),
    stderr: z.string(),
    container_id: z.string().catch(""),
    duration_ms: z.number().nullish(),
    timed_out: z.boolean().nullish(),
  })
);

/** What it says when a session has been created. */
export const sessionSchema = lazy(() =>
  z.looseObject({ session_id: z.string().min(1), container_id: z.string().catch(""), ip: z.string().nullish() })
);

/** What it says about its health. */
export const timestampSchema = lazy(() => z.looseObject({ status: z.literal("ok"), timestamp: z.string() }));
