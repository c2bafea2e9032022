/**
 * Gives memory back to the system at once: for it the collector would have to run. Nobody may look at it any more, nor at what else stands in
 * its buffer. A small piece may lie among others in Node's pool, and stays.
 */
export function giveBack({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) buffer.transfer(0);
}
