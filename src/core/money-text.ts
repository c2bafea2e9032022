/** Amounts of money as people read them: the same in every sentence, receiver and figure of an alert. */

const CURRENCIES = new Set(Intl.supportedValuesOf('currency'));

/** Whether it is the code of a currency (ISO 4217). */
export function isCurrency(code: string): boolean {
  return CURRENCIES.has(code);
}

/** By code. Kept, as making one takes longer than writing a number. */
const FORMATS = new Map<string, Intl.NumberFormat>();

/** `$2.50`, `₩32,886`, `-€1,234.50`, `CA$2.50`: sign and digits are the currency's own. @throws RangeError for what is no code */
export function moneyText(amount: number, currency: string): string {
  let format = FORMATS.get(currency);
  if (!format) FORMATS.set(currency, (format = new Intl.NumberFormat('en-US', { style: 'currency', currency })));
  return format.format(amount);
}
