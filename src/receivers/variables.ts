/** `${NAME}` in a receiver's settings: secrets come from the environment and never stand in what is loaded, hashed or printed. */

const VARIABLE = /\$\{([^{}]*)\}/g;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Filled<T> {
  readonly settings: T;
  /** Variables that are not set, or empty; in order, each once. */
  readonly missing: readonly string[];
}

/** Fills in the texts of settings at any depth. What is filled in is not looked at again. */
export function fillVariables<T>(settings: T, environment: Environment): Filled<T> {
  const missing = new Set<string>();
  const fillText = (text: string): string =>
    text.replaceAll(VARIABLE, (whole, name: string) => {
      const value = environment[name];
      if (value !== undefined && value !== '') return value;
      missing.add(name);
      return whole;
    });
  const fill = (value: unknown): unknown => {
    if (typeof value === 'string') return fillText(value);
    if (Array.isArray(value)) return value.map(fill);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, fill(entry)]));
  };
  return { settings: fill(settings) as T, missing: [...missing] };
}

export function hasVariable(text: string): boolean {
  return text.search(VARIABLE) >= 0;
}

/** What is wrong with the variables in a text, if anything: `${SLACK-URL}`. */
export function variableFault(text: string): string | undefined {
  for (const [whole, name = ''] of text.matchAll(VARIABLE)) {
    if (!NAME.test(name)) return `found ${whole}; expected the name of an environment variable in it, such as \${SLACK_WEBHOOK_URL}`;
  }
  return undefined;
}
