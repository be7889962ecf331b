/**
 * The layout of the memory in which JSON bodies are sealed (`agent/kernels/assembly/seal/` works in it, `seal-memory.ts`
 * fills its tables). Each region has room for the worst body of `SEALED_TEXT_BYTES_MAX` and `SEALED_VALUES_MAX`. The operating system
 * provides a page when it is first written: an agent whose bodies are short does not pay for long ones.
 *
 * Templates · the double at work · the text · strings without their escapes · digests of open containers · open containers ·
 * tables · names · the tape · the value, written from the end.
 */

/**
 * Longer bodies are read as they flow (`agent/body/json-document.ts`). Of this length one holds the loop for some 5 ms, a
 * third of the time in which a flood of 75 MB/s fills a megabyte of a ring.
 */
export const SEALED_TEXT_BYTES_MAX = 640 << 10;
/** Values of a text that is sealed at once. One with more is sealed in parts. */
export const SEALED_VALUES_MAX = 40_000;
/** Members of all open objects of a text that is sealed in parts: their digests wait until all can be sorted. */
const MEMBERS_MAX = 100_000;
/** The longest value of a text that is sealed at once, or of a part. */
export const SEALED_BYTES_MAX = 4 << 20;

/** The root's message: one for a struct, one for a list, each `d`, key, digest of the meta, key, digest of the value; one for a text. */
export const ROOT_BYTES = 33;
export const ROOT_STRUCT_AT = 64;
export const ROOT_LIST_AT = 128;
export const ROOT_TEXT_AT = 192;
export const ROOT_DIGEST_AT = 256;
/** The text of an entry's key, for its digest. */
export const HEAD_KEY_AT = 256;

/** Digests of texts and numbers that are not wrapped yet: four at a time, each for two places. Behind them a digest that no one reads. */
export const PENDING_AT = 512;
export const PENDING_BYTES = 32;
export const PENDING_MAX = 4;
export const UNREAD_AT = PENDING_AT + PENDING_MAX * PENDING_BYTES;

export const TEMPLATES_AT = 1024;
export const TEMPLATE_BYTES = 64;
/** The digits of a double begin here, aligned; sign and exponent stand before them. */
export const DOUBLE_AT = 8192 + 64;
/** Above 0, so that a root value has a byte before it for its tag. */
export const TEXT_AT = 16_384;
export const PLAIN_AT = TEXT_AT + SEALED_TEXT_BYTES_MAX + 64;
/** Without escapes a text is no longer; what is redacted may be, and the body is declined when it does not fit. */
const PLAIN_BYTES = SEALED_TEXT_BYTES_MAX * 1.5;
export const PLAIN_END = PLAIN_AT + PLAIN_BYTES;
export const DIGESTS_AT = (PLAIN_END + 64) & ~63;
/** Open containers, a frame each. A depth that no body reaches: its readers cut before. */
export const DEPTH_MAX = 130;
/** Of each value its digest and its name's, 8 bytes each; of each open container 16 bytes more. */
const DIGESTS_BYTES = (MEMBERS_MAX + DEPTH_MAX + 2) * 16;
/** Digests that a text may leave behind for its next part, by the longest text that is sealed at once. */
export const digestBytesMax = (textBytesMax: number): number => Math.min(textBytesMax * 4, DIGESTS_BYTES);
export const FRAMES_AT = DIGESTS_AT + DIGESTS_BYTES;
export const FRAME_BYTES = 128;
/** Of the encoder: of each open container where its content ends, and its kind. */
export const ENCODER_STACK_AT = FRAMES_AT + (DEPTH_MAX + 2) * FRAME_BYTES;
/** Where a text that is read in parts stands (`Resumed`), for the host to keep. */
export const RESUMED_AT = ENCODER_STACK_AT + (DEPTH_MAX + 2) * 8;
export const RESUMED_BYTES = 64;
/** Offsets of words. */
export const Resumed = {
  /** The first byte that is not read yet. */
  FROM: 0,
  DEPTH: 4,
  TOP: 8,
  IN_OBJECT: 12,
  SECRET_FROM: 16,
  IS_BEHIND: 20,
  REDACTED: 24,
  CLASSES: 28,
  /** Behind the last record of the tape. */
  TAPE: 32,
  FRAME: 36,
} as const;
/** What `resume` answers. */
export const Found = {
  /** A fault, or the text that is there ends within a value. */
  NOTHING: 0,
  /** The tape is full. */
  FULL: 1,
  /** The end of a container of which a part is encoded already. */
  END: 2,
} as const;
/** Words of a frame that the host reads: where its entries begin (negative: a list), whether a part of it is encoded, its record. */
export const Frame = { BASE: 4, IS_SPILLED: 64, BEGIN: 68 } as const;

/** For each byte its `Has` bit (4 bytes), what it is to secrets, what stands for it behind a backslash, its place in addresses. */
export const CLASSES_AT = RESUMED_AT + RESUMED_BYTES;
export const KINDS_AT = CLASSES_AT + 1024;
export const ESCAPES_AT = KINDS_AT + 256;
export const EMAIL_PARTS_AT = ESCAPES_AT + 256;
/** Powers of ten that a double holds exactly. */
export const POWERS_AT = EMAIL_PARTS_AT + 256;
export const POWERS = 23;
/** Four binary digits as text, in one word. */
export const NIBBLES_AT = POWERS_AT + POWERS * 8 + 8;
/** Rules of formats as a bit set (8 bytes): by first character, by length up to 65; then of each its three sets of classes. */
export const FIRST_RULES_AT = NIBBLES_AT + 64;
export const LENGTH_RULES_AT = FIRST_RULES_AT + 128 * 8;
export const LENGTHS = 66;
export const RULES_AT = LENGTH_RULES_AT + LENGTHS * 8;
export const RULES_MAX = 64;
/** What each format adds to a value's binary form, its length before it (4 bytes); at its end whether it makes a secret. */
export const SUFFIXES_AT = RULES_AT + RULES_MAX * 16;
export const SUFFIX_BYTES = 64;
export const SUFFIX_SECRET = SUFFIX_BYTES - 1;
export const FORMATS_MAX = 56;
/** Finished values: digest, length (4 bytes), binary form. */
export const FINISHED_AT = SUFFIXES_AT + FORMATS_MAX * SUFFIX_BYTES;
export const FINISHED_BYTES = 48;
/** Prefixes of secrets: by first character where its list begins (2 bytes, from `PREFIX_LISTS_AT`; 0: none). */
export const PREFIXES_AT = FINISHED_AT + 16 * FINISHED_BYTES;
/** … and which characters come second in it (8 bytes, as `SECONDS` of `secret-patterns.ts` has them). */
export const SECONDS_AT = PREFIXES_AT + 512;
export const PREFIX_LISTS_AT = SECONDS_AT + 2048;
export const PREFIX_LISTS_BYTES = 3072;
/** Formats of short texts that the rules have found: text (8 bytes), length, format. */
export const SHORT_FORMATS_AT = (PREFIX_LISTS_AT + PREFIX_LISTS_BYTES + 63) & ~63;
export const SHORT_FORMATS = 1024;
/** Words that were read and are no secrets and have no format (`known-words.ts`): text and length (16 bytes), digest. */
export const KNOWN_WORDS_AT = SHORT_FORMATS_AT + SHORT_FORMATS * 16;
export const KNOWN_WORD_BYTES = 32;
/** Of a direct mapping: what is used in turn, some dozens of words, seldom meets. */
export const KNOWN_WORDS = 512;
export const KNOWN_WORD_LENGTH_MAX = 15;

/** How words of secrets' names begin (`name-beginnings.ts`), as bit sets: four letters by a hash, three and two by themselves. */
export const BEGINNING_BITS = 15;
export const BEGINNING_FACTOR = 0x2c1b3c6d;
export const FOURS_AT = KNOWN_WORDS_AT + KNOWN_WORDS * KNOWN_WORD_BYTES;
export const THREES_AT = FOURS_AT + (1 << BEGINNING_BITS) / 8;
export const PAIRS_AT = THREES_AT + 2240;

/** Names of members: digest as a number, length, what they say; then the name. */
export const NAMES_AT = PAIRS_AT + 128;
export const NAME_SLOTS = 2048;
export const NAME_SLOT_BYTES = 64;
/** Longer names are looked at anew each time, in a slot of their own behind the others. */
export const NAME_BYTES_MAX = 48;
/** For each slot, and behind them for the start of the objects under each slot's name: the slot that came next last time. */
export const FOLLOWERS_AT = NAMES_AT + (NAME_SLOTS + 1) * NAME_SLOT_BYTES;
/** Where the names of an object under a slot's name begin: behind all slots. */
export const UNDER = NAME_SLOTS + 1;

/**
 * Fields of heads: for each name and status its place (`Place`), and texts that came before, ready as entries of a witness's map
 * (`HeadText`). A slot that another one needs is overwritten.
 */
export const PLACES_AT = (FOLLOWERS_AT + 2 * UNDER * 4 + 63) & ~63;
export const PLACES = 512;
export const PLACE_BYTES = 384;
export const Place = {
  META_DIGEST: 0,
  NAME_LENGTH: 8,
  /** 0 for requests. */
  STATUS: 12,
  /** Bits of `PlaceIs`. */
  FLAGS: 16,
  META_LENGTH: 20,
  /** The key text's digest and the value's. */
  REDACTED_PAIR: 24,
  REDACTED_LENGTH: 40,
  NAME: 48,
  /** Field `meta` of Data, with tag and length. */
  META: 112,
  REDACTED: 208,
} as const;
export const PLACE_NAME_BYTES_MAX = 64;
export const PLACE_META_BYTES_MAX = 96;
export const PLACE_REDACTED_BYTES_MAX = 176;
export const PlaceIs = {
  /** Its values are JavaScript's. */
  SPECIAL: 1,
  /** All its texts of some length are secrets. */
  SECRET: 2,
  /** What is in a text decides alone. */
  OPEN: 4,
} as const;

export const HEAD_TEXTS_AT = PLACES_AT + PLACES * PLACE_BYTES;
export const HEAD_TEXTS = 1024;
export const HEAD_TEXT_BYTES = 512;
export const HeadText = { PLACE: 0, LENGTH: 4, ENTRY_LENGTH: 8, CHANGED: 12, PAIR: 16, TEXT: 32, ENTRY: 160 } as const;
/** Longer texts are not kept, nor are longer entries. */
export const HEAD_TEXT_BYTES_MAX = 128;
export const HEAD_ENTRY_BYTES_MAX = 352;
/** Shorter ones may be yes or no, which give no secret away. */
export const SECRET_BYTES_MIN = 6;
/** Integers that need no closer look: no cards, no times. */
export const NUMBER_DIGITS_MAX = 9;
/** With tags and lengths around it still shorter than 128 bytes. */
export const SHORT_MAX = 120;
/** Longer texts are cut. */
export const HEAD_VALUE_BYTES_MAX = 16 << 10;
/** Of the values of one head: a key text's digest and a value's. */
export const HEAD_PAIRS_MAX = 1024;
/** A field's offsets: where its name and its value begin and end. */
export const HEAD_FIELD_BYTES = 16;

/** Of a value three at most: its name, its beginning and its end. */
export const RECORDS_MAX = SEALED_VALUES_MAX * 3 + 2;
export const RECORD_BYTES = 16;
export const TAPE_AT = HEAD_TEXTS_AT + HEAD_TEXTS * HEAD_TEXT_BYTES;

export const VALUE_AT = TAPE_AT + RECORDS_MAX * RECORD_BYTES;
/** A step of the encoder needs as much room as a text may be long (`encoder.ts` of the kernel); the rest is the value's. */
const VALUE_BYTES = SEALED_BYTES_MAX + SEALED_TEXT_BYTES_MAX;
export const PAGES = Math.ceil((VALUE_AT + VALUE_BYTES) / 65_536);
export const MEMORY_BYTES = PAGES * 65_536;

/**
 * What is resident of the memory at most while no text is longer than `textBytesMax`. Without escapes and with what is
 * redacted in it a text takes twice its length; two bytes of it make 8 bytes of digests (`1,`), three two records (`[],`), five
 * 45 bytes of the value (`"DE",` with its format).
 */
export function sealedMemoryBytes(textBytesMax: number): number {
  const tables = TAPE_AT - FRAMES_AT;
  const plain = Math.min(textBytesMax * 2, PLAIN_BYTES);
  const digests = Math.min(digestBytesMax(textBytesMax) + textBytesMax * 4 + (DEPTH_MAX + 2) * 16, DIGESTS_BYTES);
  const tape = Math.min(((textBytesMax * 2) / 3 + 2) * RECORD_BYTES, RECORDS_MAX * RECORD_BYTES);
  return Math.ceil(TEXT_AT + textBytesMax + plain + digests + tables + tape + Math.min(textBytesMax * 9, VALUE_BYTES));
}

/** What a part of a text may add to its value before that is paid for: `"DE",` as above. */
const PART_BYTES_MAX = 256 << 10;
export const unpaidValueBytes = (textBytesMax: number): number => Math.min(textBytesMax, PART_BYTES_MAX) * 9;

/** What a record is, in its low four bits; above them the format. */
export const Op = {
  /** Behind it (4 bytes each): where the text begins and ends. */
  TEXT: 0,
  /** An i64 at 8. */
  INTEGER: 1,
  /** An f64 at 8. */
  DOUBLE: 2,
  /** Its index among the finished values. */
  CONSTANT: 3,
  BEGIN_OBJECT: 4,
  BEGIN_LIST: 5,
  END_OBJECT: 6,
  END_LIST: 7,
  /** Where the name begins and ends. */
  KEY: 8,
} as const;

/** Where JavaScript leaves the value that the kernel asked for, or adds: its digest, how many values changed in it (4 bytes). */
export const ASKED_AT = 320;
export const ASKED_CHANGED_AT = ASKED_AT + 8;
/** Its binary form is here. */
export const ASKED_VALUE_AT = PLAIN_AT + 4096;

/** Indexes of finished values. */
export const Constant = {
  TRUE: 0,
  FALSE: 1,
  NULL: 2,
  INTEGER_ZERO: 3,
  DOUBLE_ZERO: 4,
  EMPTY_TEXT: 5,
  EMPTY_STRUCT: 6,
  EMPTY_LIST: 7,
  REDACTED: 8,
} as const;

/** What a name says. */
export const KeyIs = {
  /** Its value must not be shown. */
  SECRET: 1,
  /** It holds a secret itself, or is longer than names are kept. */
  UNFIT: 2,
  /** `value`, and the names that say of which thing it is the value. */
  VALUE: 4,
  NAMING: 8,
  /** Its value decides whether it is a secret. */
  GUARDED: 16,
} as const;

/** What a byte is where secrets are looked for (`secrets.ts` of the kernel). */
export const SecretKind = { WORD: 1, DIGIT: 2, LETTER: 4, NAME: 8, MARK: 16 } as const;
/** What a byte may be part of in an e-mail address. */
export const EmailPart = { LOCAL: 1, LABEL: 2 } as const;
