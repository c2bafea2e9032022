/** Of more no chat makes a link within its limits. */
const CHARS_MAX = 1_000;

/** An address that people open in a browser, as a browser writes it; undefined: not http or https, with a password, or too long. */
export function webAddress(text: string): string | undefined {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return undefined;
  return url.href.length > CHARS_MAX ? undefined : url.href;
}
