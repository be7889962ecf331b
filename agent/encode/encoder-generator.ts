/** Schema → protobuf encoder over the classes of `ir.ts`, fields from the last to the first. Run by `npm run generate`; pure. */
import assert from 'node:assert/strict';
import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import {
  expressionOf,
  functionName,
  isSetCondition,
  KEYED_BY_DIGEST,
  reachableMessages,
  shapeOf,
} from '../digest/digest-generator.ts';
import { IR_TYPES } from './ir-shape.ts';

/** Wire types. */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** A oneof member, so its default counts: never left out. */
function scalarWrite(type: ScalarType, expression: string): { statement: string; wireType: number } {
  switch (type) {
    case ScalarType.STRING:
      return { statement: `putText(${expression});`, wireType: LENGTH_DELIMITED };
    case ScalarType.BYTES:
      return { statement: `putBytes(${expression});`, wireType: LENGTH_DELIMITED };
    case ScalarType.BOOL:
      return { statement: `putBool(${expression});`, wireType: VARINT };
    case ScalarType.DOUBLE:
      return { statement: `putDouble(${expression});`, wireType: FIXED64 };
    case ScalarType.FLOAT:
      return { statement: `putFloat(${expression});`, wireType: FIXED32 };
    case ScalarType.UINT32:
      return { statement: `putUnsigned(${expression});`, wireType: VARINT };
    default:
      return { statement: `putInteger(${expression});`, wireType: VARINT };
  }
}

function tag(field: number, wireType: number): string {
  assert(field < 16, 'the writer takes one-byte tags only');
  return `0x${((field << 3) | wireType).toString(16).padStart(2, '0')}`;
}

const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);

/** Key = field 1, value = field 2; the value, written first, stands last. */
function mapStatements(field: DescField & { fieldKind: 'map' }, expression: string, isPacked: boolean): string[] {
  const head = `putMessageHead(end, ${tag(field.number, LENGTH_DELIMITED)});`;
  const key = ['putText(key);', `putTag(${tag(1, LENGTH_DELIMITED)});`, head];
  if (field.mapKind === 'scalar') {
    const { statement, wireType } = scalarWrite(field.scalar, 'value');
    return [
      '{',
      `  const map = ${expression};`,
      '  if (map !== null) {',
      '    for (const [key, value] of map) {',
      '      const end = messageEnd();',
      `      ${statement}`,
      `      putTag(${tag(2, wireType)});`,
      ...indent(indent(indent(key))),
      '    }',
      '  }',
      '}',
    ];
  }
  assert(field.mapKind === 'message');
  const isNames = field.message.fields.length === 0;
  const value = isNames
    ? ['putUnsigned(0);']
    : ['const valueEnd = messageEnd();', `${functionName('encode', field.message)}(values[i]!);`];
  const valueHead = isNames ? `putTag(${tag(2, 2)});` : `putMessageHead(valueEnd, ${tag(2, LENGTH_DELIMITED)});`;
  return [
    '{',
    isNames ? `  const keys = ${expression};` : `  const { keys, values } = ${expression};`,
    `  for (let i = ${isNames ? '(keys === null ? 0 : keys.length)' : 'keys.length'} - 1; i >= 0; i -= 1) {`,
    '    const end = messageEnd();',
    ...indent(indent([...value, valueHead])),
    `    const key = keys${isNames ? '!' : ''}[i]!;`,
    ...indent(indent(key)),
    '  }',
    ...(isPacked ? [`  if (${expression}.packed !== null) putPacked(${expression}.packed);`] : []),
    '}',
  ];
}

function listStatements(field: DescField & { fieldKind: 'list' }, expression: string): string[] {
  const loop = (body: string[]): string[] => [
    '  for (let i = list.length - 1; i >= 0; i -= 1) {',
    ...indent(indent(body)),
    '  }',
  ];
  const begin = ['{', `  const list = ${expression};`];
  if (field.listKind === 'message') {
    const head = `putMessageHead(end, ${tag(field.number, LENGTH_DELIMITED)});`;
    return [
      ...begin,
      ...loop(['const end = messageEnd();', `${functionName('encode', field.message)}(list[i]!);`, head]),
      '}',
    ];
  }
  assert(field.listKind === 'scalar');
  const { statement, wireType } = scalarWrite(field.scalar, 'list[i]!');
  if (wireType === LENGTH_DELIMITED)
    return [...begin, ...loop([statement, `putTag(${tag(field.number, wireType)});`]), '}'];
  return [
    ...begin,
    '  if (list.length > 0) {',
    '    const end = messageEnd();',
    ...indent(loop([statement])),
    `    putMessageHead(end, ${tag(field.number, LENGTH_DELIMITED)});`,
    '  }',
    '}',
  ];
}

function singleStatements(message: DescMessage, field: DescField, expression: string): string[] {
  const discriminant = field.oneof && shapeOf(message).oneofs?.[field.oneof.name];
  if (field.fieldKind === 'message') {
    const name = functionName('encode', field.message);
    const write = (value: string): string[] =>
      field.message.fields.length === 0
        ? ['putUnsigned(0);', `putTag(${tag(field.number, LENGTH_DELIMITED)});`]
        : [
            'const end = messageEnd();',
            `${name}(${value});`,
            `putMessageHead(end, ${tag(field.number, LENGTH_DELIMITED)});`,
          ];
    if (discriminant) return [`if (${discriminant} === ${field.number}) {`, ...indent(write(expression)), '}'];
    return ['{', `  const m = ${expression};`, '  if (m !== null) {', ...indent(indent(write('m'))), '  }', '}'];
  }
  const type = field.fieldKind === 'enum' ? ScalarType.INT32 : field.scalar;
  assert(type !== undefined);
  const { statement, wireType } = scalarWrite(type, expression);
  const condition = discriminant
    ? `${discriminant} === ${field.number}`
    : type === ScalarType.BYTES
      ? `${expression}.length > 0`
      : isSetCondition(type, expression);
  return [`if (${condition}) {`, `  ${statement}`, `  putTag(${tag(field.number, wireType)});`, '}'];
}

function messageFunction(message: DescMessage): string {
  const fields = [...message.fields].sort((a, b) => b.number - a.number);
  const lines = [`/** ${message.typeName}. */`];
  lines.push(`export function ${functionName('encode', message)}(x: ${shapeOf(message).type}): void {`);
  const { sealed } = shapeOf(message);
  if (sealed !== undefined) {
    lines.push(`  if (${sealed}) {`, '    putSealed(x.value as Sealed);', '    return;', '  }');
  }
  for (const field of fields) {
    const expression = expressionOf(field);
    if (field.fieldKind === 'map')
      lines.push(...indent(mapStatements(field, expression, KEYED_BY_DIGEST.has(`${message.typeName}.${field.name}`))));
    else if (field.fieldKind === 'list') lines.push(...indent(listStatements(field, expression)));
    else lines.push(...indent(singleStatements(message, field, expression)));
  }
  lines.push('}');
  return lines.join('\n');
}

const WRITER = [
  'messageEnd',
  'putBool',
  'putBytes',
  'putDouble',
  'putFloat',
  'putInteger',
  'putMessageHead',
  'putPacked',
  'putSealed',
  'putTag',
  'putText',
  'putUnsigned',
];

/** The text of `witness-encoder.generated.ts` for a schema's root message. */
export function generateEncoder(root: DescMessage): string {
  const body = reachableMessages(root)
    .filter((message) => message.fields.length > 0)
    .map(messageFunction)
    .join('\n\n');
  const used = IR_TYPES.filter((type) => new RegExp(`(?:: |as |\\| )${type}\\b`).test(body));
  return [
    '// Generated from agent/encode/witness.proto by `npm run generate` (agent/encode/encoder-generator.ts). Not for editing.',
    `import type { ${used.join(', ')} } from '../witness/ir.ts';`,
    "import type { Sealed } from '../witness/sealed.ts';",
    `import { ${WRITER.join(', ')} } from './backward-writer.ts';`,
    '',
    body,
    '',
  ].join('\n');
}
