import { FlowError } from "../engine/errors.ts";

/**
 * Splits a command line into words by the quoting rules of the POSIX shell (XCU 2.2): backslash, single quotes, double
 * quotes. Nothing is expanded: `$HOME` and `*` stay as they are.
 *
 * @throws {FlowError} `invalid_config` for a quote that does not end, or a backslash at the end
 */
export function splitShellWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let at = 0;
  while (at < text.length) {
    const char = text.charAt(at);
    if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      at++;
      continue;
    }
    const part = readPart(text, at);
    word = (word ?? "") + part.text;
    at = part.end;
  }
  if (word !== undefined) words.push(word);
  return words;
}

interface Part {
  text: string;
  /** The position after it. */
  end: number;
}

function readPart(text: string, at: number): Part {
  const char = text.charAt(at);
  if (char === "'") {
    const close = text.indexOf("'", at + 1);
    if (close < 0) throw unfinished(text, "a single quote is not closed");
    return { text: text.slice(at + 1, close), end: close + 1 };
  }
  if (char === '"') return readDoubleQuoted(text, at + 1);
  if (char !== "\\") return { text: char, end: at + 1 };
  if (at + 1 >= text.length) throw unfinished(text, "it ends with a backslash");
  const escaped = text.charAt(at + 1);
  return { text: escaped === "\n" ? "" : escaped, end: at + 2 };
}

function readDoubleQuoted(text: string, from: number): Part {
  let word = "";
  for (let at = from; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '"') return { text: word, end: at + 1 };
    if (char === "\\" && at + 1 < text.length) {
      const next = text.charAt(++at);
      // Inside double quotes a backslash is special only before these.
      if (next !== "\n") word += '$`"\\'.includes(next) ? next : char + next;
    } else {
      word += char;
    }
  }
  throw unfinished(text, "a double quote is not closed");
}

function unfinished(text: string, state: string): FlowError {
  return new FlowError("invalid_config", `Cannot split "${text}" into arguments: ${state}`, {
    hint: "Close the quote, or give the arguments as a list.",
    retryable: false,
    details: { state },
  });
}
