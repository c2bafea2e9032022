/** A picture of pixels, written as PNG: rectangles, lines and small capitals; enough for a chart, and no library. */
import { crc32, deflateSync } from 'node:zlib';

export type Color = readonly [red: number, green: number, blue: number];

export interface Raster {
  /** `opacity` 0 to 1. What lies outside the picture is left out. */
  fill(x: number, y: number, width: number, height: number, color: Color, opacity?: number): void;
  line(fromX: number, fromY: number, toX: number, toY: number, color: Color): void;
  /** Letters that the font does not have are boxes. Each takes `LETTER_WIDTH`. */
  text(x: number, y: number, text: string, color: Color): void;
  png(): Uint8Array;
}

/** Letters of three pixels by five: each letter, then its rows from top to bottom as octal digits. */
const LETTERS = `
  075557 126227 271747 371717 455711 574717 674757 771244 875757 975717 A25755 B65656 C34443 D65556 E74647 F74644 G34553
  H55755 I72227 J11152 K55655 L44447 M57755 N65555 O25552 P65644 Q25563 R65655 S34216 T72222 U55557 V55552 W55775 X55255
  Y55222 Z71247 .00002 ,00024 :02020 -00700 _00007 /11244 (24442 )21112 %51245 +02720 =07070
`;
const FONT = new Map(
  LETTERS.trim()
    .split(/\s+/)
    .map((letter) => [letter.slice(0, 1), letter.slice(1)]),
);
const BLANK = '00000';
const UNKNOWN = '77777';
const SCALE = 2;
export const LETTER_WIDTH = 4 * SCALE;

export function createRaster(width: number, height: number, background: Color): Raster {
  // Each row begins with a byte that says how it is filtered: 0, not at all.
  const stride = 1 + 3 * width;
  const bytes = new Uint8Array(height * stride);

  function fill(x: number, y: number, wide: number, high: number, color: Color, opacity = 1): void {
    const [left, right] = [Math.max(0, Math.round(x)), Math.min(width, Math.round(x + wide))];
    const [top, bottom] = [Math.max(0, Math.round(y)), Math.min(height, Math.round(y + high))];
    for (let row = top; row < bottom; row++) {
      for (let at = row * stride + 1 + 3 * left; at < row * stride + 1 + 3 * right; at += 3) {
        for (let i = 0; i < 3; i++) bytes[at + i] = Math.round(bytes[at + i]! * (1 - opacity) + color[i]! * opacity);
      }
    }
  }

  fill(0, 0, width, height, background);
  return {
    fill,
    line(fromX, fromY, toX, toY, color) {
      const steps = Math.max(1, Math.ceil(Math.max(Math.abs(toX - fromX), Math.abs(toY - fromY))));
      for (let step = 0; step <= steps; step++) {
        fill(Math.round(fromX + ((toX - fromX) * step) / steps), Math.round(fromY + ((toY - fromY) * step) / steps), 1, 1, color);
      }
    },
    text(x, y, text, color) {
      [...text.toUpperCase()].forEach((letter, index) => {
        [...(letter === ' ' ? BLANK : (FONT.get(letter) ?? UNKNOWN))].forEach((digit, row) => {
          for (let column = 0; column < 3; column++) {
            if ((Number(digit) >> (2 - column)) & 1) fill(x + index * LETTER_WIDTH + column * SCALE, y + row * SCALE, SCALE, SCALE, color);
          }
        });
      });
    },
    png: () => encode(width, height, bytes),
  };
}

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** Eight bits of red, green and blue each; deflate, no interlacing. */
const FORM = [8, 2, 0, 0, 0] as const;

function encode(width: number, height: number, rows: Uint8Array): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set(FORM, 8);
  return Buffer.concat([SIGNATURE, chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', new Uint8Array())]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
