const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text for XML 1.0, which has no place for most control characters and halves of surrogate pairs, not even escaped. */
export function escapeXml(text: string): string {
  // deno-lint-ignore no-control-regex -- these are what is looked for
  const clean = text.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd").toWellFormed();
  return clean.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);
}
