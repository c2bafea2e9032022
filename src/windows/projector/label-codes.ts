/** The codes of one dimension's labels: dense, from 0, in the order in which they were first seen. */
export interface LabelCodes {
  readonly texts: readonly string[];
  codeOf(text: string): number;
  clear(): void;
}

export function createLabelCodes(): LabelCodes {
  const codes = new Map<string, number>();
  const texts: string[] = [];
  return {
    texts,
    codeOf(text) {
      let code = codes.get(text);
      if (code === undefined) {
        code = texts.push(text) - 1;
        codes.set(text, code);
      }
      return code;
    },
    clear() {
      codes.clear();
      texts.length = 0;
    },
  };
}
