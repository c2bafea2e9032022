/** As people read it: without its scheme, with letters for what a browser percent-encodes. */
export function readableAddress(address: string): string {
  const text = address.replace(/^https?:\/\//, '');
  try {
    return decodeURI(text);
  } catch {
    return text;
  }
}
