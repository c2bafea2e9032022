import { z } from 'zod';
import { addressText, optionalField, secretText } from '../http/address.ts';

/** RFC 9110 token. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;
/** Told by the connection or by Tocsin itself. */
const RESERVED =
  /^(host|connection|content-length|content-type|transfer-encoding|expect|upgrade|te|trailer|keep-alive|idempotency-key|user-agent|tocsin-.*)$/i;
const HEADERS_MAX = 32;

/** What no value may hold. What an environment variable stands for is judged when it is filled in. */
export const HEADER_FOREIGN = /[^\t\x20-\x7e\x80-\xff]/;

const headers = z
  .record(z.string(), secretText, 'found something else; expected a block of headers and their values')
  .superRefine((block, context) => {
    for (const [name, value] of Object.entries(block)) {
      const fault = headerFault(name);
      if (fault !== undefined)
        context.addIssue({ code: 'custom', message: `found the header ${JSON.stringify(name)}; ${fault}`, path: [name] });
      else if (HEADER_FOREIGN.test(value))
        context.addIssue({
          code: 'custom',
          message: 'found a character that a header cannot hold; expected one line of Latin letters (ISO 8859-1)',
          path: [name],
        });
    }
    if (Object.keys(block).length > HEADERS_MAX) context.addIssue({ code: 'custom', message: `expected at most ${HEADERS_MAX} headers` });
  })
  .default({});

/** The value is not repeated: it may be a secret. */
function headerFault(name: string): string | undefined {
  if (!HEADER_NAME.test(name)) return 'expected the name of a header';
  return RESERVED.test(name) ? 'expected one that Tocsin does not set itself' : undefined;
}

export const webhookConfig = z.strictObject({
  url: addressText.describe('Where alerts are posted to: http or https; `${NAME}` stands for an environment variable.'),
  secret: secretText
    .optional()
    .describe('Key of the signature (HMAC-SHA256) in the header Tocsin-Signature; `${NAME}` as in `url`. Without it nothing is signed.'),
  headers: headers.describe('Further headers, such as `Authorization: "Bearer ${TOKEN}"`; `${NAME}` as in `url`.'),
  optional: optionalField,
});

export type WebhookConfig = z.output<typeof webhookConfig>;
