/** What a group of a regular expression holds. */
interface Group {
  /** Whether it can match texts of different lengths, or the same text in two ways. */
  varies: boolean;
  hasChoice: boolean;
  /** Its single characters and classes, in order; a nested group counts as what is in it. */
  atoms: string[];
  /** Whether it starts with a character that has to be there. */
  startsFixed: boolean;
}

const ATOM = /\\(?:u[\da-fA-F]{4}|x[\da-fA-F]{2}|.)|\[(?:\\.|[^\]\\])*\]|[^()|*+?{}]/sy;
const QUANTIFIER = /(?:\*|\+|\?|\{(\d+)(,?)(\d*)\})\??/y;
const OPENING = /\((?:\?(?:[:=!]|<[=!]|<[^>]*>))?/y;

/**
 * Whether matching may take exponential time: a group is repeated without limit, and where one round ends and the next
 * begins is not clear, as in `(a+)+` or `(a|ab)*`. `(-[a-z]+)*` is fine: each round starts with a dash and has no other.
 */
export function mayTakeForever(source: string): boolean {
  const groups = [newGroup()];
  for (let offset = 0; offset < source.length;) {
    const group = groups.at(-1) ?? newGroup();
    const character = source[offset];
    const opening = character === "(" ? matchAt(OPENING, source, offset) : null;
    if (opening !== null) {
      groups.push(newGroup());
      offset += opening[0].length;
    } else if (character === "|") {
      group.hasChoice = group.varies = true;
      offset++;
    } else if (character === ")" && groups.length > 1) {
      groups.pop();
      const repeat = matchAt(QUANTIFIER, source, offset + 1);
      if (repeat !== null && isUnlimited(repeat) && isAmbiguous(group)) return true;
      addGroup(groups.at(-1) ?? newGroup(), group, repeat);
      offset += 1 + (repeat?.[0].length ?? 0);
    } else offset += addAtom(group, source, offset);
  }
  return false;
}

function newGroup(): Group {
  return { varies: false, hasChoice: false, atoms: [], startsFixed: false };
}

function addAtom(group: Group, source: string, offset: number): number {
  const atom = matchAt(ATOM, source, offset)?.[0] ?? source.charAt(offset);
  const repeat = matchAt(QUANTIFIER, source, offset + atom.length);
  const isFixed = repeat === null || !isVarying(repeat);
  if (!isFixed) group.varies = true;
  if (group.atoms.length === 0) group.startsFixed = repeat === null && isSingle(atom);
  group.atoms.push(atom);
  return atom.length + (repeat?.[0].length ?? 0);
}

function addGroup(outer: Group, inner: Group, repeat: RegExpExecArray | null): void {
  outer.varies ||= inner.varies || (repeat !== null && isVarying(repeat));
  outer.atoms.push(...inner.atoms);
}

function isAmbiguous(group: Group): boolean {
  if (!group.varies) return false;
  const [first, ...others] = group.atoms;
  if (first === undefined || group.hasChoice || !group.startsFixed) return true;
  return others.some((atom) => matches(atom, first));
}

/** Whether an atom can match the character that another one stands for. */
function matches(atom: string, single: string): boolean {
  const character = single.length === 2 ? single.charAt(1) : single;
  try {
    return new RegExp(`^${atom}$`, "is").test(character);
  } catch {
    return true;
  }
}

/** Whether it is one certain character: `-` or `\.`, no class. */
function isSingle(atom: string): boolean {
  return atom.length === 1 ? atom !== "." && atom !== "^" && atom !== "$" : /^\\[^\w]$/.test(atom);
}

function isUnlimited(repeat: RegExpExecArray): boolean {
  const [text, least, comma, most] = repeat;
  if (least === undefined) return !text.startsWith("?");
  return comma === "," && (most === "" || Number(most) > 10);
}

function isVarying(repeat: RegExpExecArray): boolean {
  return repeat[1] === undefined || repeat[2] === ",";
}

function matchAt(pattern: RegExp, text: string, offset: number): RegExpExecArray | null {
  pattern.lastIndex = offset;
  return pattern.exec(text);
}
