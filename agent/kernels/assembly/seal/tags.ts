/** Tags of `witness.proto`, as they are written. */

export const TAG_DATA_PRIMITIVE: i32 = 0x0a;
export const TAG_DATA_STRUCT: i32 = 0x12;
export const TAG_DATA_LIST: i32 = 0x1a;
export const TAG_PRIMITIVE_STRING: i32 = 0x22;
export const TAG_PRIMITIVE_INT64: i32 = 0x32;
export const TAG_PRIMITIVE_DOUBLE: i32 = 0x4a;
export const TAG_VALUE_TEXT: i32 = 0x12;
export const TAG_VALUE_VARINT: i32 = 0x10;
export const TAG_VALUE_FIXED64: i32 = 0x11;
export const TAG_ENTRY: i32 = 0x0a;
export const TAG_ENTRY_KEY: i32 = 0x0a;
export const TAG_ENTRY_VALUE: i32 = 0x12;
export const TAG_ELEMENT: i32 = 0x0a;

/** Fields `args` and `responses` of Method: maps, as the fields of Struct. */
export const TAG_ARGUMENT: i32 = 0x12;
export const TAG_RESPONSE: i32 = 0x1a;
