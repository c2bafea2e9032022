/** Events of many segments, as fast as they can be written: a body made once, in which only ids and times change. */
import type { RecordsToAppend } from '../src/log/log.ts';

export const SEGMENTS = 10_000;
/** Segments are so many countries, with as many campaigns each. */
const SIDE = 100;
const EVENT_BYTES = 250;
const PADDING = '"user_agent":"Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile"';

function eventText(n: number): string {
  const segment = n % SEGMENTS;
  const [country, campaign] = [Math.floor(segment / SIDE), segment % SIDE].map((part) => String(part).padStart(2, '0'));
  const kind = n % 10 === 9 ? 'click' : 'shown';
  const open = `{"id":"000000000000","at":1000000000000,"country":"${country}","campaign":"c${campaign}","kind":"${kind}","revenue":0.0012,${PADDING}`;
  return `${open},"x":"${'x'.repeat(EVENT_BYTES - open.length - 8)}"}`;
}

const FIRST = Buffer.from(eventText(0));
const ID_END = FIRST.indexOf('","at"');
const TIME_END = FIRST.indexOf(',"country"');
const LF = Buffer.from('\n');

/** Each call makes one event of each segment, with an id that was not there before, in memory that the next call writes over. */
export interface WideEvents {
  /** One event a line. */
  lines(timeMs: number): Buffer;
  /** The same as records for a log, cut in `parts`. */
  records(timeMs: number, parts: number): Pick<RecordsToAppend, 'bytes' | 'ends'>[];
}

export function createWideEvents(): WideEvents {
  const count = SEGMENTS;
  let next = 0;
  const texts = Array.from({ length: count }, (_, i) => Buffer.from(eventText(i * 7)));
  const withLines = Buffer.concat(texts.flatMap((text) => [text, LF]));
  const alone = Buffer.concat(texts);
  const ends = Uint32Array.from(texts, (_, i) => (i + 1) * EVENT_BYTES);

  function stamp(body: Buffer, stride: number, timeMs: number): void {
    for (let i = 0; i < count; i++, next++) {
      putDigits(body, i * stride + ID_END, next);
      putDigits(body, i * stride + TIME_END, timeMs);
    }
  }

  return {
    lines(timeMs) {
      stamp(withLines, EVENT_BYTES + 1, timeMs);
      return withLines;
    },
    records(timeMs, parts) {
      stamp(alone, EVENT_BYTES, timeMs);
      const size = Math.ceil(count / parts);
      return Array.from({ length: parts }, (_, part) => {
        const bytes = alone.subarray(part * size * EVENT_BYTES, (part + 1) * size * EVENT_BYTES);
        return { bytes, ends: ends.subarray(0, bytes.length / EVENT_BYTES) };
      });
    },
  };
}

/** Leading zeros stay where they are. */
function putDigits(body: Buffer, end: number, value: number): void {
  for (let at = end - 1, rest = value; rest > 0; at--) {
    const higher = Math.floor(rest / 10);
    body[at] = 0x30 + rest - higher * 10;
    rest = higher;
  }
}

/** The pipeline that counts them; `more` are lines of its `source` and `event` blocks. */
export function widePipeline(name: string, topic: string, more: { readonly source?: string; readonly event?: string } = {}): string {
  return `pipeline: ${name}
source: { topic: ${topic}, partitions: 4${more.source ?? ''} }
event: { id: id, time: at, time_unit: ms, out_of_orderness: 1s, allowed_lateness: 10s${more.event ?? ''} }
dimensions: [country, campaign]
measures:
  shown: { count: { kind: shown } }
  clicks: { count: { kind: click } }
  revenue: { sum: revenue }
windows: [1m]
rollups: [[country], []]
`;
}
