/** What the server starts by its bare name; from zypi's guest agent, commit 7717fb4. */
const NAMES = new Set(
  ("ls cat echo grep find ps top pkill cp mv rm mkdir rmdir touch chmod chown head tail wc sort uniq cut tr sed awk " +
    "curl wget tar gzip gunzip zip unzip python python3 pip pip3 node npm ruby perl git make gcc g++ cargo go rustc " +
    "sh bash dash env export which id whoami sleep true false test date systemctl journalctl").split(" "),
);
/** The folders from which it starts anything. */
const FOLDERS = ["/bin/", "/usr/bin/", "/usr/local/bin/", "/sbin/", "/usr/sbin/"];

/** Whether the server starts this program itself; all others are started by a shell, which it does not look into. */
export function isAllowedProgram(program: string): boolean {
  return NAMES.has(program) || FOLDERS.some((folder) => program.startsWith(folder));
}
