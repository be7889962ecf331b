/**
 * Schema → digest code: one function a message, its fields in the order of their key digests with those digests written
 * out, defaults left out, nothing looked up at run time. Run by `npm run generate`; pure.
 */
import assert from 'node:assert/strict';
import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { IR_SHAPE, IR_TYPES, type MessageShape } from '../encode/ir-shape.ts';
import { bytes, hash as hashAt, hashInt, view } from './digest-memory.ts';

/** Fields that say something about one occurrence and not about the shape: left out of the digest. */
export const UNDIGESTED_FIELDS: ReadonlySet<string> = new Set([
  'api_spec.Data.example_values',
  'api_spec.HTTPMethodMeta.processing_latency',
  'api_spec.HTTPMethodMeta.pairing',
  'api_spec.HTTPMethodMeta.weight',
  'api_spec.HTTPMethodMeta.body_weight',
]);

/** Maps whose keys are the digests of their values, once they are `keyed`: nothing is digested twice. */
export const KEYED_BY_DIGEST: ReadonlySet<string> = new Set(['api_spec.Method.args', 'api_spec.Method.responses']);

interface KeyedField {
  readonly field: DescField;
  readonly keyHigh: number;
  readonly keyLow: number;
}

/** All messages that can be reached from the root, each once, parents first. */
export function reachableMessages(root: DescMessage): DescMessage[] {
  const found = [root];
  for (let i = 0; i < found.length; i += 1) {
    for (const field of found[i]!.fields) {
      const child = field.message;
      if (child !== undefined && !found.includes(child)) found.push(child);
    }
  }
  return found;
}

/** The shape of a message. @throws AssertionError where `ir-shape.ts` has none. */
export function shapeOf(message: DescMessage): MessageShape {
  const shape = IR_SHAPE[message.name];
  assert(shape, `ir-shape.ts says nothing of message ${message.name}`);
  return shape;
}

export function expressionOf(field: DescField): string {
  const expression = shapeOf(field.parent).fields[field.name];
  assert(expression, `ir-shape.ts says nothing of field ${field.parent.name}.${field.name}`);
  return expression;
}

/** The function that serves a message: `Data` → `digestData`. */
export const functionName = (prefix: string, message: DescMessage): string => `${prefix}${message.name}`;

/** Fields in the order of the digests of their numbers. */
export function fieldsInKeyOrder(message: DescMessage): KeyedField[] {
  const keyed = message.fields
    .filter((field) => !UNDIGESTED_FIELDS.has(`${message.typeName}.${field.name}`))
    .map((field) => {
      hashInt(field.number, 0, 16);
      return { field, keyHigh: view.getUint32(0), keyLow: view.getUint32(4), text: bytes.toString('hex', 0, 8) };
    });
  return keyed.sort((a, b) => (a.text < b.text ? -1 : 1));
}

/** The call that digests a scalar expression to p + 8. */
function scalarCall(type: ScalarType, expression: string, out: string, at: string): string {
  switch (type) {
    case ScalarType.STRING:
      return `hashText(${expression}, ${out}, ${at});`;
    case ScalarType.BYTES:
      return `hashBytes(${expression}, ${out}, ${at});`;
    case ScalarType.BOOL:
      return `hashBool(${expression}, ${out}, ${at});`;
    case ScalarType.DOUBLE:
      return `hashFloat(${expression}, ${out}, ${at});`;
    case ScalarType.FLOAT:
      return `hashFloat(Math.fround(${expression}), ${out}, ${at});`;
    default:
      return `hashInt(${expression}, ${out}, ${at});`;
  }
}

/** The condition under which a scalar is not its default. */
export function isSetCondition(type: ScalarType, expression: string): string {
  switch (type) {
    case ScalarType.STRING:
      return `${expression} !== ''`;
    case ScalarType.BOOL:
      return expression;
    case ScalarType.BYTES:
      return 'true'; // never nil here, and an empty one counts
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return `${expression} !== 0`;
    case ScalarType.INT32:
    case ScalarType.UINT32:
      return `${expression} !== 0`;
    default:
      return `Number(${expression}) !== 0`;
  }
}

const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;
const isInteger = (type: ScalarType): boolean =>
  ![ScalarType.STRING, ScalarType.BYTES, ScalarType.BOOL, ScalarType.DOUBLE, ScalarType.FLOAT].includes(type);

/** Statements that add a field's key and value at p, the scratch above p + 16 being free. */
function entry(keyed: KeyedField, value: string): string[] {
  return [`putDigest(p, ${hex(keyed.keyHigh)}, ${hex(keyed.keyLow)});`, value, 'p += 16;'];
}

function elementCall(field: DescField, element: string): string {
  if (field.fieldKind === 'map') {
    if (field.mapKind === 'message') return `${functionName('digest', field.message)}(${element}, p + 8, p + 16);`;
    assert(field.mapKind === 'scalar');
    return scalarCall(field.scalar, element, 'p + 8', 'p + 16');
  }
  assert(field.fieldKind === 'list');
  if (field.listKind === 'message') return `${functionName('digest', field.message)}(${element}, p, p + 8);`;
  assert(field.listKind === 'scalar');
  return scalarCall(field.scalar, element, 'p', 'p + 8');
}

/** Functions of their own for repeated fields: a loop each, the container's bytes directly above the caller's. */
function containerFunction(message: DescMessage, field: DescField): string {
  const name =
    functionName('digest', message) + field.name.replaceAll(/(?:^|_)(\w)/g, (_, c: string) => c.toUpperCase());
  const isMap = field.fieldKind === 'map';
  const element = field.message ? shapeOf(field.message).type : undefined;
  const isPacked = KEYED_BY_DIGEST.has(`${message.typeName}.${field.name}`);
  const lines: string[] = [];
  if (isMap && element === undefined) {
    lines.push(
      `function ${name}(map: ReadonlyMap<string, boolean>, out: number, at: number): void {`,
      '  let p = at + 1;',
      '  for (const [key, value] of map) {',
      '    ensure(p + 32);',
      '    hashText(key, p, p + 8);',
      `    ${elementCall(field, 'value')}`,
      '    p += 16;',
      '  }',
      '  const count = (p - at - 1) / 16;',
    );
  } else if (isMap) {
    lines.push(
      `function ${name}(map: Fields, out: number, at: number): void {`,
      '  const { keys, values } = map;',
      '  const count = Math.min(keys.length, ENTRIES_MAX);',
      '  let p = at + 1;',
      '  for (let i = 0; i < count; i += 1) {',
      '    ensure(p + 32);',
      '    hashText(keys[i]!, p, p + 8);',
      ...(isPacked
        ? ['    if (map.keyed) putDigestOfText(keys[i]!, p + 8);', `    else ${elementCall(field, 'values[i]!')}`]
        : [`    ${elementCall(field, 'values[i]!')}`]),
      '    p += 16;',
      '  }',
      ...(isPacked ? ['  if (map.packed !== null) p = putPairs(map.packed, p);'] : []),
    );
  } else {
    const type = element ?? scalarType(field);
    lines.push(
      `function ${name}(list: readonly (${type})[], out: number, at: number): void {`,
      '  const count = Math.min(list.length, ENTRIES_MAX);',
      '  let p = at + 1;',
      '  for (let i = 0; i < count; i += 1) {',
      '    ensure(p + 24);',
      `    ${elementCall(field, 'list[i]!')}`,
      '    p += 8;',
      '  }',
      '  ensure(p);',
    );
  }
  if (isMap) lines.push(`  sortEntries(at + 1, ${isPacked ? '(p - at - 1) / 16' : 'count'});`);
  lines.push(`  bytes[at] = ${isMap ? 'TYPE_MAP' : 'TYPE_LIST'};`, '  hash(at, p - at, out);', '}');
  return lines.join('\n');
}

function scalarType(field: DescField): string {
  assert(field.scalar !== undefined);
  if (field.scalar === ScalarType.STRING) return 'string';
  if (field.scalar === ScalarType.BYTES) return 'Uint8Array';
  if (field.scalar === ScalarType.BOOL) return 'boolean';
  return isInteger(field.scalar) ? 'number | bigint' : 'number';
}

function fieldStatements(message: DescMessage, keyed: KeyedField): string[] {
  const { field } = keyed;
  const expression = expressionOf(field);
  if (field.fieldKind === 'map' || field.fieldKind === 'list') {
    const name =
      functionName('digest', message) + field.name.replaceAll(/(?:^|_)(\w)/g, (_, c: string) => c.toUpperCase());
    const isScalarMap = field.fieldKind === 'map' && field.message === undefined;
    const size = isScalarMap || field.fieldKind === 'map' ? 'size' : 'length';
    const guard = isScalarMap ? `c !== null && c.${size} > 0` : `c.${size} > 0`;
    return [
      '{',
      `  const c = ${expression};`,
      `  if (${guard}) {`,
      ...entry(keyed, `${name}(c, p + 8, p + 16);`).map((line) => `    ${line}`),
      '  }',
      '}',
    ];
  }
  let condition: string;
  let call: string;
  if (field.fieldKind === 'message') {
    call = `${functionName('digest', field.message)}(${field.oneof ? expression : 'm'}, p + 8, p + 16);`;
    if (!field.oneof) {
      return [
        '{',
        `  const m = ${expression};`,
        '  if (m !== null) {',
        ...entry(keyed, call).map((line) => `    ${line}`),
        '  }',
        '}',
      ];
    }
    condition = '';
  } else {
    const type = field.fieldKind === 'enum' ? ScalarType.INT32 : field.scalar;
    call = scalarCall(type, expression, 'p + 8', 'p + 16');
    condition = isSetCondition(type, expression);
  }
  if (field.oneof) {
    const discriminant = shapeOf(message).oneofs?.[field.oneof.name];
    assert(discriminant, `ir-shape.ts says nothing of oneof ${message.name}.${field.oneof.name}`);
    condition = `${discriminant} === ${field.number}`;
  }
  return [`if (${condition}) {`, ...entry(keyed, call).map((line) => `  ${line}`), '}'];
}

function messageFunction(message: DescMessage): string {
  const shape = shapeOf(message);
  const fields = fieldsInKeyOrder(message);
  const name = functionName('digest', message);
  const order = fields.map(({ field }) => field.number).join(', ');
  const parameter = fields.length > 0 ? 'x' : '_x';
  const lines = [`/** ${message.typeName}: fields in the order ${order || '(none)'}. */`];
  lines.push(`export function ${name}(${parameter}: ${shape.type}, out: number, at: number): void {`);
  if (fields.length === 0) {
    digestEmpty();
    lines.push(`  putDigest(out, ${hex(view.getUint32(0))}, ${hex(view.getUint32(4))});`, '}');
    return lines.map((line) => line.replace('at: number', '_at: number')).join('\n');
  }
  if (shape.sealed !== undefined) {
    lines.push(`  if (${shape.sealed}) {`, '    const sealed = x.value as Sealed;');
    lines.push('    putDigest(out, sealed.digestHigh, sealed.digestLow);', '    return;', '  }');
  }
  if (shape.keepsDigest) {
    lines.push('  if (x.digestHigh !== 0 || x.digestLow !== 0) {');
    lines.push('    putDigest(out, x.digestHigh, x.digestLow);', '    return;', '  }');
  }
  lines.push(`  ensure(at + ${1 + 16 * (fields.length + 1)});`, '  let p = at + 1;');
  for (const keyed of fields) lines.push(...fieldStatements(message, keyed).map((line) => `  ${line}`));
  lines.push('  bytes[at] = TYPE_MAP;', '  hash(at, p - at, out);');
  if (shape.keepsDigest) lines.push('  x.digestHigh = digestWord(out);', '  x.digestLow = digestWord(out + 4);');
  lines.push('}');
  return lines.join('\n');
}

/** The digest of a message without fields, at offset 0. */
function digestEmpty(): void {
  bytes[16] = 0x64;
  hashAt(16, 1, 0);
}

/** The text of `witness-digest.generated.ts` for a schema's root message. */
export function generateDigest(root: DescMessage): string {
  const parts: string[] = [];
  for (const message of reachableMessages(root)) {
    if (message.name === 'ExampleValue') continue;
    parts.push(messageFunction(message));
    for (const { field } of fieldsInKeyOrder(message)) {
      if (field.fieldKind === 'map' || field.fieldKind === 'list') parts.push(containerFunction(message, field));
    }
  }
  const body = parts.join('\n\n');
  const used = IR_TYPES.filter((type) => new RegExp(`\\b${type}\\b(?!\\.)`).test(body.replaceAll(/\/\*\*.*\*\//g, '')));
  return [
    '// Generated from agent/encode/witness.proto by `npm run generate` (agent/digest/digest-generator.ts). Not for editing.',
    `import type { ${used.join(', ')} } from '../witness/ir.ts';`,
    "import type { Sealed } from '../witness/sealed.ts';",
    'import {',
    '  bytes,',
    '  digestWord,',
    '  ENTRIES_MAX,',
    '  ensure,',
    '  hash,',
    '  hashBool,',
    '  hashBytes,',
    '  hashFloat,',
    '  hashInt,',
    '  hashText,',
    '  putDigest,',
    '  putDigestOfText,',
    '  putPairs,',
    '  sortEntries,',
    '  TYPE_LIST,',
    '  TYPE_MAP,',
    "} from './digest-memory.ts';",
    '',
    body,
    '',
  ].join('\n');
}
