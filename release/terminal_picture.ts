import { escapeXml } from "../cli/render/xml_text.ts";
import type { StyledText } from "./terminal_screen.ts";

/** What a terminal showed from a moment on. */
export interface Frame {
  /** Since the beginning, in milliseconds. */
  readonly atMs: number;
  readonly lines: readonly (readonly StyledText[])[];
}

/** How large the terminal is, and what it was told to do. */
export interface PictureOptions {
  readonly columns: number;
  readonly rows: number;
  /** For those who cannot see it. */
  readonly title: string;
}

const CELL_WIDTH = 8.4;
const LINE_HEIGHT = 19;
const MARGIN = 14;
/** How long the last frame stays before it begins again. */
const REST_MS = 4000;

/**
 * An SVG of what a terminal showed: one frame is a picture, several are a strip that moves by steps. It has no scripts
 * and loads nothing. Who prefers no motion sees the last frame.
 */
export function drawTerminal(frames: readonly Frame[], { columns, rows, title }: PictureOptions): string {
  const width = Math.ceil(columns * CELL_WIDTH + 2 * MARGIN);
  const height = rows * LINE_HEIGHT + 2 * MARGIN;
  const strip = frames.map(({ lines }, index) => drawFrame(lines, index * height)).join("\n");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escapeXml(title)}</title>
<style>${STYLE}${frames.length > 1 ? animation(frames, height) : ""}</style>
<rect width="${width}" height="${height}" rx="8" class="screen"/>
<svg width="${width}" height="${height}"><g class="strip">
${strip}
</g></svg></svg>
`;
}

function drawFrame(lines: Frame["lines"], top: number): string {
  return lines.flatMap((line, row) => {
    if (line.length === 0) return [];
    const y = round(top + MARGIN + (row + 0.75) * LINE_HEIGHT);
    return [`<text y="${y}">${line.map(drawRun).join("")}</text>`];
  }).join("\n");
}

function drawRun({ column, text, style }: StyledText): string {
  const names = [style.color, style.isBold ? "bold" : undefined, style.isDim ? "dim" : undefined];
  const known = names.filter((name) => name !== undefined).join(" ");
  const look = known === "" ? "" : ` class="${known}"`;
  return `<tspan x="${round(MARGIN + column * CELL_WIDTH)}"${look}>${escapeXml(text)}</tspan>`;
}

function animation(frames: readonly Frame[], height: number): string {
  const total = (frames.at(-1)?.atMs ?? 0) + REST_MS;
  const steps = frames.map(({ atMs }, index) =>
    `${round(100 * atMs / total)}%{transform:translateY(-${index * height}px)}`
  );
  const last = `translateY(-${(frames.length - 1) * height}px)`;
  return `@keyframes play{${steps.join("")}100%{transform:${last}}}
.strip{animation:play ${round(total / 1000)}s step-end infinite}
@media (prefers-reduced-motion:reduce){.strip{animation:none;transform:${last}}}`;
}

const STYLE = `.screen{fill:#0d1117}
text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#e6edf3;white-space:pre}
.red{fill:#ff7b72}.green{fill:#3fb950}.yellow{fill:#d29922}.cyan{fill:#39c5cf}.bold{font-weight:bold}.dim{opacity:.6}
`;

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}
