import type { SendResult } from '../receiver.ts';

/** What a service answers when somebody has to mend something, and what that is. */
export type Advice = readonly (readonly [answer: string, advice: string])[];

/** The result, and where nobody but a person can help, what to do. */
export function advised(result: SendResult, advice: Advice): SendResult {
  if (result.ok || result.retryable) return result;
  const found = advice.find(([answer]) => result.reason.includes(answer))?.[1];
  return found === undefined ? result : { ...result, reason: `${result.reason} (${found})` };
}
