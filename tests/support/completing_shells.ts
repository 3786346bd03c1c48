import { readFile, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { whyNoTerminal } from "./cli.ts";
import { whyNoProgram } from "./installed.ts";

const TERMINAL_SCRIPT = fileURLToPath(new URL("run_in_terminal.py", import.meta.url));

/** Why a shell cannot be tested here; undefined if it can. */
export function whyNoShell(shell: string): string | undefined {
  return whyNoProgram(shell) ?? whyNoTerminal();
}

/** Answers the words that a shell would put in the place of the last one; `line` is what was typed before TAB. */
export type CompleteInShell = (line: string, folder: string) => Promise<string[]>;

/**
 * Bash in a terminal: the key of `insert-completions` puts all of them into the line, and the line itself is then given
 * to a function that tells its words. So it is seen whether they are quoted as they have to be.
 */
export const completeInBash: CompleteInShell = (line, folder) => typeIntoBash(line, "\\x1b*", folder);

/** What bash makes of a line by TAB, if one word fits alone; the key for all words forgets about open quotes. */
export const completeByTabInBash: CompleteInShell = (line, folder) => typeIntoBash(line, "\\t", folder);

async function typeIntoBash(line: string, key: string, folder: string): Promise<string[]> {
  const rc = `PS1='ready> '; source <(flow completions bash); ${TELL}\n`;
  await writeFile(join(folder, ".bashrc"), rc);
  return await typeInto(["bash", "--rcfile", join(folder, ".bashrc"), "-i"], line, key, folder);
}

/** Zsh in a terminal, in the same way: with the completer that inserts all matches. */
export const completeInZsh: CompleteInShell = async (line, folder) => {
  const rc = `PS1='ready> '; PROMPT_EOL_MARK=; autoload -Uz compinit && compinit -D -u; bindkey -e
zle -C all-matches complete-word _generic; bindkey '^Xa' all-matches
zstyle ':completion:all-matches::::' completer _all_matches _complete
zstyle ':completion:all-matches:*' insert true
source <(flow completions zsh); ${TELL}\n`;
  await writeFile(join(folder, ".zshrc"), rc);
  return await typeInto(["zsh", "-i"], line, "\\x18a", folder);
};

/** What fish itself answers for a line. */
export const completeInFish: CompleteInShell = async (line, folder) => {
  const { stdout, stderr } = await new Deno.Command("fish", {
    args: ["--no-config", "-c", 'flow completions fish | source; complete -C "$LINE"'],
    cwd: join(folder, "work"),
    env: { ...environment(folder), LINE: line },
    stdin: "null",
    signal: AbortSignal.timeout(LIMIT_MS),
  }).output();
  const complaints = new TextDecoder().decode(stderr);
  if (complaints !== "") throw new Error(complaints);
  const lines = new TextDecoder().decode(stdout).split("\n").filter((it) => it !== "");
  return lines.map((it) => it.split("\t")[0] ?? "");
};

const LIMIT_MS = 60_000;
const TELL = `tell() { printf '%s\\n' "$@" > "$TOLD"; exit; }`;

async function typeInto(shell: readonly string[], line: string, key: string, folder: string): Promise<string[]> {
  const told = join(folder, "told");
  await rm(told, { force: true });
  const { stdout } = await new Deno.Command("python3", {
    args: [TERMINAL_SCRIPT, "24", "200", `ready> =>send:${line}${key}\\x01tell \\r`, ...shell],
    cwd: join(folder, "work"),
    env: { ...environment(folder), TOLD: told },
    signal: AbortSignal.timeout(LIMIT_MS),
  }).output();
  const words = await readFile(told, "utf8").catch(() => {
    throw new Error(`${shell[0]} did not get through "${line}":\n${new TextDecoder().decode(stdout)}`);
  });
  const typed = line.match(/(?:\\.|"[^"]*"?|'[^']*'?|\S)+|(?<= )$/g) ?? [];
  return words.trimEnd().split("\n").slice(typed.length - 1);
}

function environment(folder: string): Record<string, string> {
  return {
    NO_COLOR: "1",
    TERM: "xterm",
    HISTFILE: "/dev/null",
    ZDOTDIR: folder,
    XDG_STATE_HOME: join(folder, "state"),
    PATH: `${folder}${delimiter}${Deno.env.get("PATH") ?? ""}`,
  };
}
