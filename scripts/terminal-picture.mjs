#!/usr/bin/env node
/**
 * Draws what a terminal showed as an SVG, for the README: text with ANSI colours on stdin, a title as the first argument.
 *
 *   bin/tocsin demo | node scripts/terminal-picture.mjs 'make demo' > docs/img/demo.svg
 */
import { readFileSync } from 'node:fs';

/** Control sequences that set a style; the group holds their parameters. */
// oxlint-disable-next-line no-control-regex
const STYLE = /\u001b\[([0-9;]*)m/;

const CHAR_WIDTH = 8.43;
const LINE_HEIGHT = 20;
const MARGIN = 20;
const BAR_HEIGHT = 34;
/** SGR parameter -> style; others are ignored, 0 resets. */
const STYLES = {
  1: { 'font-weight': 'bold' },
  2: { fill: '#7d8590' },
  31: { fill: '#ff7b72' },
  32: { fill: '#7ee787' },
  33: { fill: '#e3b341' },
  34: { fill: '#79c0ff' },
  35: { fill: '#d2a8ff' },
  36: { fill: '#56d4dd' },
};

const escapeXml = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** One line of text with escapes -> tspans. A style holds to the end of its line. */
function spans(line) {
  let style = {};
  // The text between two escapes stands at the even places, the parameters of an escape at the odd ones.
  const parts = line.split(STYLE);
  return parts.map((part, index) => {
    if (index % 2 === 1) {
      for (const code of part.split(';')) style = code === '' || code === '0' ? {} : { ...style, ...STYLES[code] };
      return '';
    }
    const attributes = Object.entries(style).map(([name, value]) => ` ${name}="${value}"`);
    return part === '' ? '' : `<tspan${attributes.join('')}>${escapeXml(part)}</tspan>`;
  });
}

const title = process.argv[2] ?? 'tocsin';
const lines = readFileSync(0, 'utf8').trimEnd().split('\n');
const columns = Math.max(
  ...lines.map(
    (line) =>
      line
        .split(STYLE)
        .filter((_, index) => index % 2 === 0)
        .join('').length,
  ),
);
const width = Math.ceil(columns * CHAR_WIDTH + 2 * MARGIN);
const height = BAR_HEIGHT + lines.length * LINE_HEIGHT + MARGIN;
const rows = lines.map((line, index) => `<text x="${MARGIN}" y="${BAR_HEIGHT + (index + 1) * LINE_HEIGHT}">${spans(line).join('')}</text>`);

process.stdout
  .write(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>${escapeXml(title)}</title>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<circle cx="22" cy="18" r="6" fill="#ff5f57"/><circle cx="42" cy="18" r="6" fill="#febc2e"/><circle cx="62" cy="18" r="6" fill="#28c840"/>
<text x="84" y="22" font-family="system-ui, sans-serif" font-size="12" fill="#7d8590">${escapeXml(title)}</text>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="#e6edf3" xml:space="preserve">
${rows.join('\n')}
</g>
</svg>
`);
