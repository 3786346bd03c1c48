import { FlowError } from "../../engine/errors.ts";
import { type Layout, layoutGraph, type LayoutItem } from "./graph_layout.ts";
import type { DrawnPart } from "./drawn_parts.ts";
import { describeType, nodeLabels } from "./labels.ts";
import { cleanLine, measureWidth, truncate } from "./text.ts";
import { escapeXml } from "./xml_text.ts";

const COLUMN_PX = 8;
const BOX_PX = 44;
const LAYER_PX = 92;
const MARGIN_PX = 16;
const TITLE_PX = 24;
const MAX_LABEL_COLUMNS = 40;

const CSS = `
svg{background:#fff;font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
rect{fill:#f6f8fa;stroke:#57606a}.label{fill:#1f2328;font-weight:600}.type{fill:#57606a;font-size:11px}
path{fill:none;stroke:#57606a}marker path{fill:#57606a;stroke:none}
@media(prefers-color-scheme:dark){svg{background:#0d1117}rect{fill:#161b22;stroke:#8b949e}.label{fill:#e6edf3}
.type{fill:#8b949e}path{stroke:#8b949e}marker path{fill:#8b949e}}`;

/**
 * A workflow as one SVG document that needs nothing else; its handlers are below it.
 *
 * @throws {FlowError} `invalid_argument` if there are too many nodes to see anything.
 */
export function drawGraphSvg(parts: readonly [DrawnPart, ...DrawnPart[]]): string {
  let width = 0;
  let height = MARGIN_PX;
  const groups: string[] = [];
  for (const part of parts) {
    const drawing = drawPart(part);
    if (part.handler !== undefined) {
      groups.push(`<text class="type" x="${MARGIN_PX}" y="${height + TITLE_PX - 8}">${part.handler}</text>`);
      height += TITLE_PX;
    }
    groups.push(`<g transform="translate(${MARGIN_PX} ${height})">\n${drawing.shapes.join("\n")}\n</g>`);
    width = Math.max(width, drawing.width + 2 * MARGIN_PX);
    height += drawing.height + MARGIN_PX;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<title>${escapeXml(cleanLine(parts[0].workflow.name))}</title><style>${CSS}
</style><defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">` +
    `<path d="M0 0L8 4L0 8z"/></marker></defs>
${groups.join("\n")}
</svg>
`;
}

/** What is drawn of a part, from its own corner on. */
interface Drawing {
  width: number;
  height: number;
  shapes: string[];
}

function drawPart({ workflow, graph }: DrawnPart): Drawing {
  const labels = nodeLabels(workflow);
  const nodes = workflow.nodes.map((node) => ({
    label: truncate(labels.get(node.id) ?? node.id, MAX_LABEL_COLUMNS),
    type: truncate(describeType(node), MAX_LABEL_COLUMNS),
  }));
  const widths = nodes.map(({ label, type }) => Math.max(measureWidth(label), measureWidth(type)) + 4);
  const layout = layoutGraph(graph, widths, 4);
  if (layout === undefined) throw tooLarge(graph.count);
  const edges = layout.items.flatMap((item) => item.node < 0 ? [] : drawEdges(layout, item));
  const boxes = layout.items.flatMap((item) => {
    const node = nodes[item.node];
    return node === undefined ? [] : [drawBox(item, node.label, node.type)];
  });
  return {
    width: layout.width * COLUMN_PX,
    height: Math.max(1, layout.layers.length) * LAYER_PX - (LAYER_PX - BOX_PX),
    shapes: [...edges, ...boxes],
  };
}

function drawBox(item: LayoutItem, label: string, type: string): string {
  const x = toX(item.center - item.width / 2);
  const y = toY(item.layer);
  const middle = x + item.width * COLUMN_PX / 2;
  return `<rect x="${x}" y="${y}" width="${item.width * COLUMN_PX}" height="${BOX_PX}" rx="6"/>` +
    `<text class="label" x="${middle}" y="${y + 19}" text-anchor="middle">${escapeXml(label)}</text>` +
    `<text class="type" x="${middle}" y="${y + 35}" text-anchor="middle">${escapeXml(type)}</text>`;
}

/** One curve per edge, through its bends. */
function drawEdges(layout: Layout, from: LayoutItem): string[] {
  return from.after.map((first) => {
    let item = layout.items[first];
    let x = toX(from.center);
    let y = toY(from.layer) + BOX_PX;
    let path = `M${x} ${y}`;
    while (item !== undefined) {
      const [nextX, nextY] = [toX(item.center), toY(item.layer)];
      const middle = (y + nextY) / 2;
      path += `C${x} ${middle} ${nextX} ${middle} ${nextX} ${nextY}`;
      if (item.node >= 0) break;
      path += `V${nextY + BOX_PX}`;
      [x, y] = [nextX, nextY + BOX_PX];
      item = layout.items[item.after[0] ?? -1];
    }
    return `<path d="${path}" marker-end="url(#arrow)"/>`;
  });
}

function toX(column: number): number {
  return column * COLUMN_PX;
}

function toY(layer: number): number {
  return layer * LAYER_PX;
}

function tooLarge(count: number): FlowError {
  return new FlowError("invalid_argument", `Cannot draw ${count} nodes as SVG: nobody could see anything`, {
    hint: 'Use "--format dot" and a tool for large graphs, or "--format ascii" for a list.',
  });
}
