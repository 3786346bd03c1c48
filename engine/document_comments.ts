import { JsonLexer } from "./json_lexer.ts";

/** The comments of a JSON text, each with its signs and in the order of the text. */
export function listJsonComments(text: string): string[] {
  const comments: string[] = [];
  const lexer = new JsonLexer(text, (comment) => comments.push(comment.text));
  for (let token = lexer.next(); token.kind !== "end" && token.kind !== "bad"; token = lexer.next());
  return comments;
}

/** What the lexer of YAML puts before a text that it has cut out. */
const SCALAR_MARK = "\x1f";

/** The comments of a YAML text. */
export async function listYamlComments(text: string): Promise<string[]> {
  const { Lexer } = await import("yaml");
  const comments: string[] = [];
  let previous = "";
  for (const lexeme of new Lexer().lex(text)) {
    if (lexeme.startsWith("#") && previous !== SCALAR_MARK) comments.push(lexeme.trimEnd());
    previous = lexeme;
  }
  return comments;
}
