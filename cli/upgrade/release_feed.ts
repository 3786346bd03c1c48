import * as z from "zod";
import { FlowError } from "../../engine/errors.ts";
import { compareVersions, isFinal, isVersion } from "./version_order.ts";
import { checkAddress, downloadBytes } from "./download.ts";

const MAX_FEED_BYTES = 1024 * 1024;

const release = z.object({
  version: z.string().refine(isVersion, "not a version such as 1.2.3"),
  notes_url: z.string().max(2000).optional(),
  /** SHA-256 of all files, as `sha256sum` prints them. */
  checksums_url: z.string().max(2000),
  /** By default the checksums' address with `.minisig` behind it. */
  signature_url: z.string().max(2000).optional(),
  /** Addresses by the name of the system, such as `linux-x64`. */
  files: z.record(z.string().max(50), z.string().max(2000)),
});

const feed = z.object({ flow_releases: z.literal(1), releases: z.array(release).max(10_000) });

/** What a feed of releases is, as JSON; addresses may be relative to that of the feed. */
export type ReleaseFeed = z.infer<typeof feed>;

/** A version of flow, and where to get it. */
export interface Release {
  readonly version: string;
  readonly notesUrl: string | undefined;
  readonly checksumsUrl: URL;
  readonly signatureUrl: URL;
  /** Undefined if there is none for this system. */
  readonly fileUrl: URL | undefined;
}

/**
 * The releases of a feed, the newest first.
 *
 * @throws {FlowError} `unavailable` or `not_found` if it cannot be had, `invalid_document` if it is no feed
 */
export async function readFeed(address: string, target: string, signal: AbortSignal): Promise<Release[]> {
  const url = parseAddress(address);
  const bytes = await downloadBytes(url, { maxBytes: MAX_FEED_BYTES, signal });
  const { releases } = parseFeed(new TextDecoder().decode(bytes), address);
  return releases.map((entry): Release => ({
    version: entry.version,
    // As text it could be anything; it is only shown.
    notesUrl: entry.notes_url === undefined ? undefined : URL.parse(entry.notes_url, url)?.href,
    checksumsUrl: resolve(entry.checksums_url, url),
    signatureUrl: resolve(entry.signature_url ?? `${entry.checksums_url}.minisig`, url),
    fileUrl: Object.hasOwn(entry.files, target) ? resolve(entry.files[target] ?? "", url) : undefined,
  })).sort((a, b) => compareVersions(b.version, a.version));
}

function parseFeed(text: string, address: string): ReleaseFeed {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw notAFeed(address, "it is no JSON", cause);
  }
  const parsed = feed.safeParse(data);
  if (parsed.success) return parsed.data;
  if (isNewer(data)) throw tooNew(address);
  const [issue] = parsed.error.issues;
  throw notAFeed(address, `${issue?.path.join(".") || "the document"}: ${issue?.message}`);
}

/** Whoever has an old flow in years to come sees this, and has to know the way on. */
function isNewer(data: unknown): boolean {
  return typeof data === "object" && data !== null && "flow_releases" in data &&
    typeof data.flow_releases === "number" && data.flow_releases > 1;
}

function tooNew(address: string): FlowError {
  return new FlowError("invalid_document", `Cannot read "${address}": it is for newer versions of flow than this one`, {
    hint: "Download the newest version yourself, and put it in the place of this one.",
  });
}

function notAFeed(address: string, reason: string, cause?: unknown): FlowError {
  const hint = "Check the address of the releases (--releases or FLOW_RELEASES_URL).";
  return new FlowError("invalid_document", `Cannot read "${address}" as a feed of releases: ${reason}`, {
    hint,
    cause,
  });
}

function parseAddress(address: string): URL {
  const url = URL.parse(address);
  if (url === null) {
    throw new FlowError("invalid_argument", `Cannot use "${address}" as the address of releases: it is no URL`, {
      hint: "Give one such as https://example.com/flow/releases.json.",
    });
  }
  checkAddress(url);
  return url;
}

function resolve(address: string, base: URL): URL {
  const url = URL.parse(address, base);
  if (url === null) throw notAFeed(base.href, `"${address}" is no address`);
  checkAddress(url, base);
  return url;
}

/**
 * The release with this version, or the newest one that is no preview.
 *
 * @throws {FlowError} `not_found`
 */
export function chooseRelease(releases: readonly Release[], wanted: string | undefined): Release {
  const found = wanted === undefined
    ? releases.find(({ version }) => isFinal(version))
    : releases.find(({ version }) => version === wanted);
  if (found !== undefined) return found;
  const known = releases.slice(0, 5).map(({ version }) => version).join(", ");
  throw new FlowError(
    "not_found",
    wanted === undefined ? "There is no release yet" : `There is no release "${wanted}"`,
    { hint: known === "" ? undefined : `Choose one of ${known}.` },
  );
}
