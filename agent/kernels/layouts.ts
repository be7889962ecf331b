/** What the kernels have to know of the agent's constants, as files of AssemblyScript. Run by `npm run generate`. */
import { FIELDS_AT, Found, HEAD_AT, METHOD_IS_LONG, TOKENS_AT } from '../http/head-layout.ts';
import { METHOD_BYTES_MAX, METHODS } from '../http/methods.ts';
import { constantsText, prefixed, wordOf } from './kernel-text.ts';

function headLayout(): string {
  const found = Object.fromEntries(Object.entries(Found).map(([name, index]) => [name, HEAD_AT + index * 4]));
  // Longer ones are not told apart here.
  const methods = METHODS.map((method, index) => ({ method, index })).filter(({ method }) => method.length < 8);
  return constantsText(
    'agent/http/head-layout.ts and methods.ts',
    {
      ...{ TOKENS_AT, FIELDS_AT, METHOD_IS_LONG, METHOD_BYTES_MAX },
      ...prefixed('FOUND', found),
      ...{ TEXT_HTTP: { text: 'HTTP/1.' }, TEXT_CHUNKED: { text: 'chunked' }, TEXT_UPGRADE: { text: 'upgrade' } },
      ...{ TEXT_CONTENT: { text: 'content-' }, TEXT_T_LENGTH: { text: 't-length' } },
      ...{ TEXT_TRANSFER: { text: 'transfer' }, TEXT_ENCODIN: { text: '-encodin' } },
    },
    [
      '\n/** Of a method with the space behind it; -1 for others. */',
      'export function methodIndex(word: u64): i32 {',
      ...methods.map(({ method, index }) => `  if (word == ${wordOf(`${method} `)}) return ${index}; // ${method}`),
      '  return -1;',
      '}',
    ],
  );
}

/** By file, in `agent/kernels/assembly/`. */
export const kernelLayouts = (): Record<string, string> => ({ 'head/layout.generated.ts': headLayout() });
