/**
 * What one field says. `settles`: how the rest of the column is written, where the text can be read in no other way.
 * `either`: the text alone does not say which of two readings is meant. Undefined: it is none.
 */
export type Reading<Style> = { readonly value: number; readonly settles?: Style } | 'either' | undefined;
