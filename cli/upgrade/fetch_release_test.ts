import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TARGET, withReleases } from "../../tests/support/releases.ts";
import { fetchRelease } from "./fetch_release.ts";
import { parsePublicKey } from "./minisign.ts";
import { chooseRelease, readFeed } from "./release_feed.ts";

Deno.test("fetchRelease() writes over nothing, and downloads nothing that it has no place for", async () => {
  await withReleases(async (site) => {
    await site.publish("0.2.0");
    let downloads = 0;
    site.pages.set(`/v0.2.0/flow-${TARGET}`, () => {
      downloads++;
      return new Response("executable");
    });
    const { signal } = new AbortController();
    const release = chooseRelease(await readFeed(site.feed, TARGET, signal), undefined);
    const draft = join(site.folder, "draft");
    await writeFile(draft, "somebody else's");
    const options = { key: parsePublicKey(site.signer.publicKey), signal, onProgress: () => {} };
    await assert.rejects(fetchRelease(release, draft, options), { code: "EEXIST" });
    assert.equal(downloads, 0);
  });
});
