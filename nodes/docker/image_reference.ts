/** An image as an engine is asked to pull it. */
export interface ImageReference {
  /** With its registry, but without a tag. */
  name: string;
  /** A tag or a digest. */
  tag: string;
  /** Where docker's config.json keeps the credentials for it. */
  registry: string;
}

const HUB = "https://index.docker.io/v1/";

/**
 * Takes `[registry/]name[:tag][@digest]` apart. There is always a tag, `latest` if none is given: without one an engine
 * pulls all tags.
 */
export function parseImageReference(image: string): ImageReference {
  const [rest = "", digest] = image.split("@");
  const slash = rest.lastIndexOf("/");
  const colon = rest.indexOf(":", slash + 1);
  const name = colon < 0 ? rest : rest.slice(0, colon);
  const tag = digest ?? (colon < 0 ? "latest" : rest.slice(colon + 1));
  const [first = ""] = name.split("/");
  const isRegistry = name.includes("/") && (/[.:]/.test(first) || first === "localhost");
  return { name, tag, registry: !isRegistry || /^(index\.)?docker\.io$/.test(first) ? HUB : first };
}
