/** Behind the point, of a value that is told to people. Two say nothing of what is far below 1. */
export function digitsOf(value: number): number {
  return value !== 0 && Math.abs(value) < 0.01 ? 4 : 2;
}
