/** Fields of the schema (`witness.proto`) whose digests the seal knows beforehand. */
import { hashInt, view } from './digest-memory.ts';

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
