/** Elements whose content nobody sees. */
const UNSEEN = new Set(
  "head script style noscript template svg math object iframe audio video canvas select".split(" "),
);
/** Of these, the tokenizer does not read tags inside (HTML standard, 13.2.6.2). */
const RAW = new Set("script style textarea title noscript iframe xmp noembed noframes".split(" "));
/** Elements that begin and end a line. */
const BLOCKS = new Set(
  ("address article aside blockquote body caption dd details dialog div dl dt fieldset figcaption figure footer form " +
    "h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol p pre search section summary table tbody tfoot " +
    "thead tr ul").split(" "),
);
/** Around these, there is an empty line. */
const PARAGRAPHS = new Set("p h1 h2 h3 h4 h5 h6 blockquote pre ul ol dl table".split(" "));
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

/** A comment or declaration, or a tag with its attributes, whose values may hold `>`. */
const TOKEN = /<!--[^]*?(?:-->|$)|<[!?][^>]*>|<(\/?)([a-zA-Z][^\s/>]*)((?:"[^"]*"|'[^']*'|[^'">])*)>/g;

/**
 * The text of a page as people see it: without scripts, styles and markup, with lines where blocks begin and end. Takes
 * HTML as browsers write it. What style sheets hide or generate is not known here.
 */
export function pageText(html: string): string {
  const writer = new TextWriter();
  let unseen: { name: string; depth: number } | undefined;
  let at = 0;
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(html); match !== null; match = TOKEN.exec(html)) {
    if (unseen === undefined) writer.text(html.slice(at, match.index));
    at = TOKEN.lastIndex;
    const name = match[2]?.toLowerCase();
    if (name === undefined) continue;
    const isEnd = match[1] === "/";
    if (!isEnd && RAW.has(name)) at = TOKEN.lastIndex = endOfRaw(html, at, name);
    if (unseen !== undefined) {
      if (name === unseen.name) unseen.depth += isEnd ? -1 : RAW.has(name) ? 0 : 1;
      if (unseen.depth === 0) unseen = undefined;
    } else if (isHidden(name, match[3] ?? "") && !isEnd && !VOID.has(name)) {
      unseen = { name, depth: 1 };
    } else {
      writer.tag(name, isEnd);
    }
  }
  if (unseen === undefined) writer.text(html.slice(at));
  return writer.finish();
}

const VOID = new Set("area base br col embed hr img input link meta source track wbr".split(" "));

function isHidden(name: string, attributes: string): boolean {
  return UNSEEN.has(name) || /\shidden(\s|=|\/|$)/i.test(attributes.replaceAll(/"[^"]*"|'[^']*'/g, '""'));
}

/** Where the end tag of a raw element begins. */
function endOfRaw(html: string, from: number, name: string): number {
  const end = new RegExp(`</${name}[\\s/>]`, "gi");
  end.lastIndex = from;
  return end.exec(html)?.index ?? html.length;
}

class TextWriter {
  readonly #parts: string[] = [];
  #preformatted = 0;
  /** Line ends that are due before the next text. */
  #breaks = 0;
  #isSpaceDue = false;
  #isLineEmpty = true;

  text(raw: string): void {
    if (raw === "") return;
    const text = decodeEntities(raw);
    if (this.#preformatted > 0) return this.#write(text);
    const words = text.replaceAll(/[ \t\n\f\r]+/g, " ");
    if (words.startsWith(" ")) this.#isSpaceDue = true;
    const trimmed = words.replace(/^ | $/g, "");
    if (trimmed === "") return;
    this.#write(trimmed);
    this.#isSpaceDue = words.endsWith(" ");
  }

  tag(name: string, isEnd: boolean): void {
    if (name === "pre") this.#preformatted = Math.max(0, this.#preformatted + (isEnd ? -1 : 1));
    if (name === "br") this.#lineBreak(this.#isLineEmpty ? this.#breaks + 1 : 1);
    else if (PARAGRAPHS.has(name)) this.#lineBreak(2);
    else if (BLOCKS.has(name)) this.#lineBreak(1);
    else if ((name === "td" || name === "th") && !isEnd && !this.#isLineEmpty) this.#write("\t");
  }

  finish(): string {
    return this.#parts.join("").replaceAll(/[ \t]+$/gm, "");
  }

  #lineBreak(count: number): void {
    this.#breaks = Math.max(this.#breaks, count);
    this.#isSpaceDue = false;
    this.#isLineEmpty = true;
  }

  #write(text: string): void {
    if (this.#breaks > 0 && this.#parts.length > 0) this.#parts.push("\n".repeat(this.#breaks));
    else if (this.#isSpaceDue && !this.#isLineEmpty) this.#parts.push(" ");
    this.#breaks = 0;
    this.#isSpaceDue = false;
    this.#isLineEmpty = false;
    this.#parts.push(text);
  }
}

/** Browsers write only few characters as entities; numbers may be left in raw text. */
function decodeEntities(text: string): string {
  if (!text.includes("&")) return text;
  return text.replaceAll(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z]+));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return ENTITIES[String(name).toLowerCase()] ?? whole;
    const code = parseInt(hex ?? decimal, hex === undefined ? 10 : 16);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code).toWellFormed() : whole;
  });
}
