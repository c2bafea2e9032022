/** A path under `serve:` as it is written: text, and dimensions between braces. */

/** The router ends a value at these alone; a second one in the same step would take a part of the first. */
const ENDS_CLEARLY = /^[^{}]*\{[^{}]*\}([-.][^{}]*)?$/;

/** Names between braces, in their order. */
export function placeholdersOf(path: string): string[] {
  return [...path.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1]!);
}

/** In words what keeps a server from answering there; braces are taken for paired. */
export function pathFault(path: string): string | undefined {
  const unasked = /[*%\\]|(?<=\/)\.\.?(?=\/|$)/.exec(path)?.[0];
  if (unasked !== undefined)
    return `found ${JSON.stringify(unasked)} in ${JSON.stringify(path)}, which no request for it can meet; expected a path as people read it, without *, %, \\ and steps of dots`;
  const step = path.split('/').find((one) => one.includes('{') && !ENDS_CLEARLY.test(one));
  if (step !== undefined)
    return `found ${JSON.stringify(step)} between slashes, of which it cannot be told where a value ends; expected one dimension there, and behind it nothing, or text that starts with - or .`;
  return undefined;
}
