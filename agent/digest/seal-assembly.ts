/**
 * Digests of JSON values in one call each, beside XXH64 in the same module. Every value is three or four messages inside
 * one another (text in String in Primitive in Data); all but the innermost are 17 bytes, of which 9 are known beforehand
 * (`wrapped`).
 *
 * - `text`, `integer`, `double` (p len out): a scalar from its tagged text (`u…`, `i…`, `f…`).
 * - `formatted` (p len template out): one with a data format; the template is the 49 bytes of its Primitive, bytes 9 to
 *   16 of which are filled in.
 * - `struct` (p end out): of map entries at p, each a key digest as a little-endian number and a value digest; they are
 *   sorted in place, `d` goes before them. Two equal keys make the byte at `SEAL_REPEATED_KEY` non-zero.
 * - `list` (p end out): of element digests; `l` goes before them.
 * - `bareStruct`, `bareList`, `bareText`, `bareInteger`, `bareFormatted`: the same without the Data around them.
 */
import { hashInt, view } from './digest-memory.ts';
import { swappedBytes, wrapped, XXH64_ASSEMBLY } from './xxh64-assembly.ts';

/** Where `struct` tells that a key came twice. */
export const SEAL_REPEATED_KEY = 0;

/** Field numbers of the schema (`witness.proto`). */
export const SealField = {
  dataPrimitive: 1,
  dataStruct: 2,
  dataList: 3,
  dataMeta: 5,
  primitiveString: 4,
  primitiveInt64: 6,
  primitiveDouble: 9,
  primitiveFormats: 13,
  primitiveFormatKind: 14,
  scalarValue: 2,
  structFields: 1,
  listElements: 1,
} as const;

/** The digest of a field's number. */
export function fieldKey(number: number): bigint {
  hashInt(number, 0, 16);
  return view.getBigUint64(0);
}

const wrap = (number: number): string => wrapped(fieldKey(number));

const scalar = (name: string, wraps: readonly number[]): string => `
func ${name} (p:i32 len:i32 out:i32) (h:i64) export
  local.get p local.get len local.get out call hash
  local.get out i64.load local.set h
  ${wrap(SealField.scalarValue)} ${wraps.map(wrap).join('')}
  local.get out local.get h i64.store
end`;

const formatted = (name: string, wraps: readonly number[]): string => `
func ${name} (p:i32 len:i32 template:i32 out:i32) (h:i64) export
  local.get p local.get len local.get out call hash
  local.get out i64.load local.set h
  ${wrap(SealField.scalarValue)}
  local.get template i32.const 9 i32.add local.get h i64.store
  local.get template i32.const 49 local.get out call hash
  local.get out i64.load local.set h
  ${wraps.map(wrap).join('')}
  local.get out local.get h i64.store
end`;

const container = (name: string, hashed: string, wraps: readonly number[]): string => `
func ${name} (p:i32 end:i32 out:i32) (h:i64) export
  ${hashed}
  local.get out i64.load local.set h
  ${wraps.map(wrap).join('')}
  local.get out local.get h i64.store
end`;

const hashedList = `
  local.get p i32.const 1 i32.sub i32.const 0x6c i32.store8
  local.get p i32.const 1 i32.sub local.get end local.get p i32.sub i32.const 1 i32.add local.get out call hash`;

const hashedMap = `
  local.get p local.get end call sort
  local.get p i32.const 1 i32.sub i32.const 0x64 i32.store8
  local.get p i32.const 1 i32.sub local.get end local.get p i32.sub i32.const 1 i32.add local.get out call hash`;

/** Insertion: containers with many members do not come here. Keys become bytes again where they stay. */
const SORT = `
func sort (p:i32 end:i32) (i:i32 at:i32 k:i64 v:i64 o:i64 h:i64)
  local.get p local.set i
  block
  loop
    local.get i local.get end i32.ge_u br_if 1
    local.get i i64.load local.set k
    local.get i i32.const 8 i32.add i64.load local.set v
    local.get i local.set at
    block
    loop
      local.get p local.get at i32.ge_u br_if 1
      local.get at i32.const 16 i32.sub i64.load local.set o
      local.get o local.get k i64.eq
      if
        i32.const ${SEAL_REPEATED_KEY} i32.const 1 i32.store8
      end
      local.get o local.get k i64.le_u br_if 1
      local.get at local.get o i64.store
      local.get at i32.const 8 i32.add local.get at i32.const 8 i32.sub i64.load i64.store
      local.get at i32.const 16 i32.sub local.set at
      br 0
    end
    end
    local.get at local.get k i64.store
    local.get at i32.const 8 i32.add local.get v i64.store
    local.get i i32.const 16 i32.add local.set i
    br 0
  end
  end
  local.get p local.set i
  block
  loop
    local.get i local.get end i32.ge_u br_if 1
    local.get i i64.load local.set h
    ${swappedBytes} local.set h
    local.get i local.get h i64.store
    local.get i i32.const 16 i32.add local.set i
    br 0
  end
  end
end`;

export const SEAL_ASSEMBLY = `${XXH64_ASSEMBLY}
${SORT}
${scalar('text', [SealField.primitiveString, SealField.dataPrimitive])}
${scalar('bareText', [SealField.primitiveString])}
${scalar('bareInteger', [SealField.primitiveInt64])}
${scalar('integer', [SealField.primitiveInt64, SealField.dataPrimitive])}
${scalar('double', [SealField.primitiveDouble, SealField.dataPrimitive])}
${formatted('formatted', [SealField.dataPrimitive])}
${formatted('bareFormatted', [])}
${container('struct', hashedMap, [SealField.structFields, SealField.dataStruct])}
${container('bareStruct', hashedMap, [SealField.structFields])}
${container('list', hashedList, [SealField.listElements, SealField.dataList])}
${container('bareList', hashedList, [SealField.listElements])}
`;
