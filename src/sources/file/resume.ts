/** Goes on in an input where an earlier reading came to, once it is certain that it is the same input. */
import { AppError } from '../../core/errors.ts';
import { sha256, TRAIL_BYTES, type LineResume, type Trail } from './trail.ts';

export interface ResumeInput {
  readonly name: string;
  /** The whole content from its beginning. */
  readonly pieces: AsyncIterable<Uint8Array>;
  readonly trail: Trail;
  /** Followed or rotated away: a last line that was delivered without LF and goes on all the same comes in two. */
  readonly mayGoOn?: boolean;
  /** Where the content can be read at any byte: then only the hashed parts of it are read. */
  readonly seekable?: {
    read(from: number, length: number): Promise<Uint8Array>;
    size(): Promise<number>;
    from(position: number): AsyncIterable<Uint8Array>;
  };
}

/**
 * The content after `resume.position`; the trail then stands there.
 *
 * Where the last line delivered had no LF (`open`), it stays as it was delivered: a LF or CRLF that follows now is
 * its end and swallowed, a single CR at the end of the input is left for the next time, anything else would make it
 * another line and is an error, unless it `mayGoOn`.
 * @throws AppError `input_changed`
 */
export async function* resumeAt(resume: LineResume, input: ResumeInput): AsyncGenerator<Uint8Array> {
  const rest = input.seekable ? await seek(resume, input, input.seekable) : skip(resume, input);
  yield* resume.open ? closeLine(rest, resume, input) : rest;
}

async function seek(
  resume: LineResume,
  input: ResumeInput,
  file: NonNullable<ResumeInput['seekable']>,
): Promise<AsyncIterable<Uint8Array>> {
  const size = await file.size();
  if (size < resume.position) throw shorter(input.name, size, resume);
  const head = await file.read(0, resume.headLength);
  const tail = await file.read(resume.position - resume.tailLength, resume.tailLength);
  const isHead = sha256(head) === resume.headHash;
  const isTail = sha256(tail) === resume.tailHash;
  if (isHead !== isTail) throw new EditedInput('input_changed', otherContent(input.name, resume).message);
  if (!isHead) throw otherContent(input.name, resume);
  input.trail.restore(head, tail, resume.position);
  return file.from(resume.position);
}

async function* skip(resume: LineResume, input: ResumeInput): AsyncGenerator<Uint8Array> {
  const { trail } = input;
  let left = resume.position;
  const verify = (): void => {
    trail.mark();
    const found = trail.resume(0, false);
    if (found.headHash !== resume.headHash || found.tailHash !== resume.tailHash) throw otherContent(input.name, resume);
  };
  if (left === 0) verify();
  let isHeadKnown = resume.headLength < TRAIL_BYTES;
  for await (const piece of input.pieces) {
    if (left > 0) {
      trail.seen(piece.subarray(0, left));
      if (piece.length < left) {
        left -= piece.length;
        if (!isHeadKnown && resume.position - left >= TRAIL_BYTES) {
          // Another file is told from its beginning, not after gigabytes.
          trail.mark();
          if (trail.resume(0, false).headHash !== resume.headHash) throw otherContent(input.name, resume);
          isHeadKnown = true;
        }
        continue;
      }
      verify();
    }
    const rest = piece.subarray(left);
    left = 0;
    if (rest.length > 0) yield rest;
  }
  if (left > 0) throw shorter(input.name, resume.position - left, resume);
}

async function* closeLine(rest: AsyncIterable<Uint8Array>, resume: LineResume, input: ResumeInput): AsyncGenerator<Uint8Array> {
  let closed = false;
  let cr: Uint8Array | undefined;
  for await (const piece of rest) {
    let bytes = piece;
    if (!closed) {
      bytes = cr ? Buffer.concat([cr, piece]) : piece;
      if (bytes.length === 1 && bytes[0] === 0x0d) {
        cr = bytes;
        continue;
      }
      const end = bytes[0] === 0x0a ? 1 : bytes[0] === 0x0d && bytes[1] === 0x0a ? 2 : 0;
      if (end === 0 && !input.mayGoOn) throw continued(input.name, resume);
      input.trail.seen(bytes.subarray(0, end));
      input.trail.mark();
      bytes = bytes.subarray(end);
      closed = true;
    }
    if (bytes.length > 0) yield bytes;
  }
}

const MEND = 'Give back the file that was begun with, or read this one as a new input with another data directory (--data DIR).';

/** The very input that was begun with, changed in what was read of it: nothing tells which of its lines were counted. */
export class EditedInput extends AppError {}

/** The input is not the one that was begun with, or is no longer as it was. */
export function isChanged(error: unknown): boolean {
  return error instanceof AppError && error.code === 'input_changed';
}

function shorter(name: string, bytes: number, resume: LineResume): AppError {
  const text = `${name} is not the input that was begun with: it is shorter, ${bytes} bytes, while ${resume.position} (${resume.line} lines) have been read before. ${MEND}`;
  return new AppError('input_changed', text);
}

function otherContent(name: string, resume: LineResume): AppError {
  const text = `${name} is not the input that was begun with: its content before byte ${resume.position} (line ${resume.line}) differs from what has been read before. ${MEND}`;
  return new AppError('input_changed', text);
}

function continued(name: string, resume: LineResume): EditedInput {
  const text =
    `${name} has changed: its last line (line ${resume.line}, up to byte ${resume.position}) had no line end and was counted as it was; now it goes on. ` +
    'To read a file that is still written use follow, which waits for the line end. ' +
    MEND;
  return new EditedInput('input_changed', text);
}
