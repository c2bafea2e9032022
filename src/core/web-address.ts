/** Of more no chat makes a link within its limits. */
const CHARS_MAX = 1_000;

/** An address that people open in a browser, as a browser writes it; undefined: not http or https, with a password, or too long. */
export function webAddress(text: string): string | undefined {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return undefined;
  return url.href.length > CHARS_MAX ? undefined : url.href;
}

/** The address with its letters of all scripts in clear: `/wiki/%EB%A7%A4%EC%B6%9C` is `/wiki/매출`. What could end a link stays encoded. */
export function readableAddress(address: string): string {
  return address.replace(/(?:%[89A-F][0-9A-F])+/gi, (encoded) => {
    try {
      const text = decodeURIComponent(encoded);
      return /^[\p{L}\p{M}\p{N}]+$/u.test(text) ? text : encoded;
    } catch {
      return encoded;
    }
  });
}
