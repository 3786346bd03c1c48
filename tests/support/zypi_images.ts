import { type Answer, answer, type Fields, refuse, type ZypiWorld } from "./zypi_world.ts";

const NO_TAR = `{:extraction_failed, {:tar_extract_failed, 2, "/bin/tar: This does not look like a tar archive\\n` +
  `/bin/tar: Exiting with failure status due to previous errors\\n"}}`;

/** The routes below `/images`. Only images that were given to the server can be run; an import never succeeds here. */
export async function answerAboutImages(
  world: ZypiWorld,
  request: Request,
  [ref, verb]: string[],
  fields: Fields,
): Promise<Answer> {
  const line = [request.method, ref === undefined ? "images" : ref === "importing" ? ref : verb ?? "image"].join(" ");
  const image = ref ?? "";
  switch (line) {
    case "GET images":
      return answer(200, { images: [...world.images] });
    case "GET importing":
      return answer(200, { imports: [], count: 0 });
    case "POST import":
      return await importImage(world, request, image);
    case "GET status":
      return statusOf(world, image);
    case "DELETE image":
      return world.images.delete(image) ? answer(200, { status: "deleted" }) : refuse(404, "not_found");
    case "POST warm": {
      const message = "VMs will boot in background. Check /pool/stats for warm VM count.";
      return answer(202, { status: "warming", image, requested: Number(fields.count ?? 1), message });
    }
    case "GET warm-status":
      return answer(200, { image, warm_vms: 0, pool_stats: world.poolStats() });
    default:
      return refuse(404, "not_found");
  }
}

async function importImage(world: ZypiWorld, request: Request, ref: string): Promise<Answer> {
  const isTar = /octet-stream|tar/.test(request.headers.get("content-type") ?? "");
  await request.bytes();
  if (!isTar) return refuse(415, "Unsupported Media Type");
  world.failedImports.set(ref, world.now());
  return answer(202, { status: "accepted", ref });
}

function statusOf(world: ZypiWorld, ref: string): Answer {
  const completed_at = world.failedImports.get(ref);
  if (completed_at === undefined) return refuse(404, "not_found");
  const steps = { status: "failed", progress: 10, current_step: "extracting", total_layers: 0, applied_layers: 0 };
  return answer(200, { ref, ...steps, size_bytes: null, error_message: NO_TAR, started_at: null, completed_at });
}
