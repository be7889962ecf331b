/**
 * Reads a `.heapsnapshot` as it streams in, byte by byte into typed columns: no JSON.parse of the whole, no string of
 * it, no object per node. Hot: a snapshot of 500 MB passes through `push`.
 *
 * Hostile files: every count is bounded before anything is allocated, every index is checked at the end, and what is
 * not understood is skipped by counting brackets.
 */
import { ProfileError } from '../profile.ts';
import {
  EDGE_NAME_BITS,
  EDGE_NAME_MAX,
  EDGE_TYPES_MAX,
  type HeapSnapshot,
  retainingEdges,
  STRING_BYTES_MAX,
} from './heap-snapshot.ts';
import { LocationList } from './locations.ts';
import { StringTable } from './string-table.ts';

/** A heap of 4 GB, V8's largest, holds some 60 million objects. */
const NODES_MAX = 100_000_000;
const EDGES_MAX = 500_000_000;
/** The head describes the format; V8's has 2 kB. */
const HEAD_BYTES_MAX = 1_024 * 1_024;
const KEY_BYTES_MAX = 64;
/** V8's rows have six fields and three. */
const FIELDS_MAX = 64;
const NODE_FIELDS = ['type', 'name', 'id', 'self_size', 'edge_count'];
const EDGE_FIELDS = ['type', 'name_or_index', 'to_node'];

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const MINUS = 0x2d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Such numbers fit an int32. */
const DIGITS_FAST_MAX = 9;
const COMMA_DIGIT = COMMA - 0x30;
const NEWLINE_DIGIT = 0x0a - 0x30;

/** What the bytes at hand belong to. */
type Mode = 'start' | 'key' | 'value' | 'head' | 'nodes' | 'edges' | 'locations' | 'strings' | 'skip' | 'after' | 'end';

interface Head {
  readonly nodeCount: number;
  readonly edgeCount: number;
  readonly nodeFields: readonly string[];
  readonly edgeFields: readonly string[];
  readonly nodeTypes: readonly string[];
  readonly edgeTypes: readonly string[];
}

/** Takes a snapshot's bytes in chunks of any size; `finish` hands the columns over. */
export class SnapshotParser {
  #mode: Mode = 'start';
  #offset = 0;
  #key = '';
  #inString = false;
  #escaped = false;
  #depth = 0;
  readonly #listsBegun = new Set<string>();
  #headBytes: number[] = [];
  #head: Head | undefined;

  // The number being read, and which field of which row it will be.
  #small = 0;
  #number = 0;
  #digits = 0;
  #row = 0;
  #field = 0;
  #fields = 0;
  #rows = 0;

  /** One row as it is read, by field; complete rows go to their columns. */
  readonly #cells = new Float64Array(FIELDS_MAX);
  readonly #smallCells = new Int32Array(FIELDS_MAX);
  /** Where in a row type, name, id, size and edge count (or type, name and target) are. */
  #places = new Uint8Array(5);
  #nodeType = new Uint8Array(0);
  #nodeName = new Uint32Array(0);
  #nodeId = new Uint32Array(0);
  #selfBytes: Uint32Array | Float64Array = new Uint32Array(0);
  /** Until the edges are read, how many each node has stands one place further: there its last one's end will be. */
  #firstEdge = new Uint32Array(0);
  #edgeLabel = new Uint32Array(0);
  #edgeTo = new Uint32Array(0);
  #nodeFields = 1;
  #nodesRead = 0;
  #edgesRead = 0;
  /** By edge type, see `retainingEdges`; what the head does not name keeps nothing. */
  readonly #retains = new Uint8Array(256);
  /** Whose edges are being read, and how many of them are to come. */
  #edgeNode = 0;
  #edgesLeft = 0;
  /** Edges that keep something alive. */
  #edgesKept = 0;

  readonly #strings = new StringTable();
  #locations = new LocationList(0, 1);

  /** The next bytes; they may be cut anywhere and are not kept. @throws ProfileError */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const start = at;
      at = this.#step(bytes, at);
      // Every mode either takes a byte or changes the mode; the key and value modes take theirs.
      if (at === start && this.#mode === 'end') break;
    }
    this.#offset += bytes.length;
  }

  /** Everything read. @throws ProfileError when something is missing or points nowhere. */
  finish(): HeapSnapshot {
    const head = this.#head;
    if (!head || this.#mode !== 'end') throw new ProfileError('the heap snapshot is not complete: it ends too early');
    if (this.#nodesRead !== head.nodeCount || this.#edgesRead !== head.edgeCount) {
      throw new ProfileError(
        `the heap snapshot names ${head.nodeCount} nodes and ${head.edgeCount} edges but holds ${this.#nodesRead} and ${this.#edgesRead}`,
      );
    }
    const strings = this.#strings;
    return {
      nodeCount: head.nodeCount,
      edgeCount: this.#edgesKept,
      nodeType: this.#nodeType,
      nodeName: this.#nodeName,
      nodeId: this.#nodeId,
      selfBytes: this.#selfBytes,
      firstEdge: this.#firstEdge,
      edgeLabel: this.#edgeLabel,
      edgeTo: this.#edgeTo,
      nodeTypes: head.nodeTypes,
      edgeTypes: head.edgeTypes,
      stringCount: strings.count,
      text: (index) => strings.text(index),
      locationOf: (node) => this.#locations.of(node),
    };
  }

  #fail(what: string, at: number): never {
    throw new ProfileError(`not a heap snapshot: ${what} at byte ${this.#offset + at}`);
  }

  #step(bytes: Uint8Array, at: number): number {
    switch (this.#mode) {
      case 'nodes':
      case 'edges':
        // At the start of a row, and only there, rows are taken whole.
        if (this.#field === 0 && this.#digits === 0) at = this.#readRows(bytes, at);
        return this.#readNumbers(bytes, at);
      case 'strings':
        return this.#readStrings(bytes, at);
      case 'locations':
        return this.#readLocations(bytes, at);
      case 'skip':
      case 'head':
        return this.#readBalanced(bytes, at);
      default:
        return this.#readStructure(bytes, at);
    }
  }

  /** Braces, keys, colons and commas of the outermost object. */
  #readStructure(bytes: Uint8Array, at: number): number {
    const byte = bytes[at]!;
    const isSpace = byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
    if (this.#mode === 'key' && this.#inString) {
      if (byte === QUOTE) {
        this.#inString = false;
        this.#mode = 'value';
      } else if (this.#key.length >= KEY_BYTES_MAX) this.#fail('a key without an end', at);
      else this.#key += String.fromCharCode(byte);
    } else if (isSpace || this.#mode === 'end') {
      if (!isSpace) this.#fail('something behind the end', at);
    } else if (this.#mode === 'start') {
      if (byte !== OPEN_BRACE) this.#fail('no opening brace', at);
      this.#mode = 'key';
    } else if (this.#mode === 'key') {
      if (byte !== QUOTE) this.#fail('no key', at);
      this.#key = '';
      this.#inString = true;
    } else if (this.#mode === 'value') {
      if (byte === 0x3a) return at + 1;
      // A list's bracket is done with; any other value is read from its first byte on.
      return this.#beginValue(byte, at) ? at + 1 : at;
    } else if (byte === COMMA) this.#mode = 'key';
    else if (byte === CLOSE_BRACE) this.#mode = 'end';
    else this.#fail('neither a comma nor the end', at);
    return at + 1;
  }

  #beginValue(byte: number, at: number): boolean {
    this.#depth = 0;
    this.#row = 0;
    this.#field = 0;
    this.#digits = 0;
    this.#small = 0;
    this.#number = 0;
    if (this.#key === 'snapshot') {
      if (this.#head) this.#fail('a second head', at);
      this.#mode = 'head';
    } else if (this.#key === 'locations' && byte === OPEN_BRACKET && this.#head && !this.#listsBegun.has(this.#key)) {
      this.#listsBegun.add(this.#key);
      this.#locations = new LocationList(this.#head.nodeCount, this.#nodeFields);
      this.#mode = 'locations';
      return true;
    } else if (this.#key === 'nodes' || this.#key === 'edges' || this.#key === 'strings') {
      if (byte !== OPEN_BRACKET) this.#fail(`no list of ${this.#key}`, at);
      if (!this.#head && this.#key !== 'strings') this.#fail(`${this.#key} before the head`, at);
      if (this.#listsBegun.has(this.#key)) this.#fail(`a second list of ${this.#key}`, at);
      this.#listsBegun.add(this.#key);
      if (this.#key !== 'strings') this.#beginRows(this.#key, at);
      this.#mode = this.#key;
      return true;
    } else this.#mode = 'skip';
    return false;
  }

  /** A value of any kind: kept (the head) or passed over, until its brackets are balanced. */
  #readBalanced(bytes: Uint8Array, from: number): number {
    const keep = this.#mode === 'head';
    for (let at = from; at < bytes.length; at += 1) {
      const byte = bytes[at]!;
      const isEnd = !this.#inString && this.#depth === 0 && (byte === COMMA || byte === CLOSE_BRACE);
      if (isEnd) {
        this.#endBalanced(at);
        return at;
      }
      if (keep) {
        if (this.#headBytes.length >= HEAD_BYTES_MAX) this.#fail('a head over 1 MB', at);
        this.#headBytes.push(byte);
      }
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) this.#inString = false;
      } else if (byte === QUOTE) this.#inString = true;
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#depth += 1;
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) this.#depth -= 1;
    }
    return bytes.length;
  }

  #endBalanced(at: number): void {
    if (this.#mode === 'head') {
      this.#head = readHead(Buffer.from(this.#headBytes).toString('utf8'));
      this.#headBytes = [];
      this.#allocate(this.#head, at);
    }
    this.#mode = 'after';
  }

  #allocate(head: Head, at: number): void {
    if (head.nodeCount > NODES_MAX || head.edgeCount > EDGES_MAX) this.#fail('more nodes or edges than a heap has', at);
    this.#nodeType = new Uint8Array(head.nodeCount);
    this.#nodeName = new Uint32Array(head.nodeCount);
    this.#nodeId = new Uint32Array(head.nodeCount);
    this.#selfBytes = new Uint32Array(head.nodeCount);
    this.#firstEdge = new Uint32Array(head.nodeCount + 1);
    this.#nodeFields = head.nodeFields.length;
    this.#retains.set(retainingEdges(head.edgeTypes));
    this.#edgeLabel = new Uint32Array(head.edgeCount);
    this.#edgeTo = new Uint32Array(head.edgeCount);
  }

  #beginRows(key: 'nodes' | 'edges', at: number): void {
    // Whose an edge is, the nodes before it say.
    if (key === 'nodes' && this.#listsBegun.has('edges')) this.#fail('nodes behind the edges', at);
    const head = this.#head!;
    const [wanted, fields] = key === 'nodes' ? [NODE_FIELDS, head.nodeFields] : [EDGE_FIELDS, head.edgeFields];
    this.#places = Uint8Array.from(wanted, (field) => fields.indexOf(field));
    this.#fields = fields.length;
    this.#rows = key === 'nodes' ? head.nodeCount : head.edgeCount;
    if (key === 'edges') this.#beginEdges(head);
  }

  #beginEdges(head: Head): void {
    if (this.#nodesRead !== head.nodeCount) {
      throw new ProfileError(
        `the heap snapshot names ${head.nodeCount} nodes but holds ${this.#nodesRead} before its edges`,
      );
    }
    const counts = this.#firstEdge;
    let sum = 0;
    for (let i = 1; i < counts.length; i += 1) sum += counts[i]!;
    if (sum !== head.edgeCount) throw new ProfileError(`the nodes claim ${sum} edges of ${head.edgeCount}`);
    this.#edgeNode = -1;
    this.#edgesLeft = 0;
    this.#edgesKept = 0;
    this.#nextEdgeNode();
  }

  /** On to the next node that has edges; at the end, past the last one. */
  #nextEdgeNode(): void {
    const first = this.#firstEdge;
    let node = this.#edgeNode;
    let left = 0;
    while (left === 0) {
      if (node >= 0) first[node + 1] = this.#edgesKept;
      node += 1;
      if (node + 1 === first.length) break;
      left = first[node + 1]!;
    }
    this.#edgeNode = node;
    this.#edgesLeft = left;
  }

  /**
   * Whole rows at once, as long as the bytes at hand are plain digits and commas and surely hold one more; whatever else
   * there is, `#readNumbers` takes. @returns where the next row begins
   */
  #readRows(bytes: Uint8Array, from: number): number {
    const isNodes = this.#mode === 'nodes';
    const cells = this.#smallCells;
    const fields = this.#fields;
    const rows = this.#rows;
    const safeEnd = bytes.length - fields * (DIGITS_FAST_MAX + 1) - 2;
    let at = from;
    while (at < safeEnd && this.#row < rows) {
      let place = at;
      let field = 0;
      for (; field < fields; field += 1) {
        let digit = bytes[place]! - 0x30;
        if (digit < 0 || digit > 9) return at;
        const longest = place + DIGITS_FAST_MAX;
        let number = digit;
        place += 1;
        for (;;) {
          digit = bytes[place]! - 0x30;
          if (digit < 0 || digit > 9) break;
          number = (number * 10 + digit) | 0;
          place += 1;
        }
        if (place > longest) return at;
        cells[field] = number;
        // Some versions of V8 end a row with a line.
        if (digit === NEWLINE_DIGIT && field === fields - 1) digit = bytes[++place]! - 0x30;
        if (digit !== COMMA_DIGIT) return at;
        place += 1;
      }
      at = place;
      if (isNodes) this.#endNode(cells);
      else this.#endEdge(cells);
    }
    return at;
  }

  /** One row of the flat lists of numbers, or what of it is at hand; anything that a list of numbers may hold. */
  #readNumbers(bytes: Uint8Array, from: number): number {
    const isNodes = this.#mode === 'nodes';
    const cells = this.#cells;
    const fields = this.#fields;
    const end = bytes.length;
    let small = this.#small;
    let number = this.#number;
    let digits = this.#digits;
    let field = this.#field;
    let at = from;
    while (at < end) {
      const byte = bytes[at]!;
      at += 1;
      const digit = byte - 0x30;
      if (digit >= 0 && digit <= 9) {
        // Nine digits fit an int32, which is most of them; only longer numbers are summed up as doubles.
        if (digits < 9) small = (small * 10 + digit) | 0;
        else number = (digits === 9 ? small : number) * 10 + digit;
        digits += 1;
        continue;
      }
      if (byte !== COMMA && byte !== CLOSE_BRACKET) {
        if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) continue;
        this.#fail(byte === MINUS ? 'a number below zero' : 'no number', at - 1);
      }
      const isEmpty = byte === CLOSE_BRACKET && digits === 0 && field === 0 && this.#row === 0;
      if (!isEmpty) {
        if (digits === 0 || digits > 15) this.#fail('a number too long or missing', at - 1);
        cells[field] = digits <= 9 ? small : number;
        small = 0;
        digits = 0;
        field += 1;
        if (field === fields) {
          field = 0;
          if (this.#row >= this.#rows) this.#fail(`more ${this.#key} than the head says`, at - 1);
          if (isNodes) this.#endNode(cells);
          else this.#endEdge(cells);
          if (byte === COMMA) break;
        }
      }
      if (byte === CLOSE_BRACKET) {
        if (field !== 0) this.#fail(`half a row of ${this.#key}`, at - 1);
        if (isNodes) this.#nodesRead = this.#row;
        else this.#edgesRead = this.#row;
        this.#mode = 'after';
        break;
      }
    }
    this.#small = small;
    this.#number = number;
    this.#digits = digits;
    this.#field = field;
    return at;
  }

  #endNode(cells: Int32Array | Float64Array): void {
    const row = this.#row;
    const places = this.#places;
    this.#nodeType[row] = cells[places[0]!]!;
    this.#nodeName[row] = cells[places[1]!]!;
    this.#nodeId[row] = cells[places[2]!]!;
    const bytes = cells[places[3]!]!;
    if (bytes > 0xffffffff && this.#selfBytes instanceof Uint32Array)
      this.#selfBytes = new Float64Array(this.#selfBytes);
    this.#selfBytes[row] = bytes;
    this.#firstEdge[row + 1] = cells[places[4]!]!;
    this.#row = row + 1;
  }

  #endEdge(cells: Int32Array | Float64Array): void {
    const row = this.#row;
    const places = this.#places;
    const fields = this.#nodeFields;
    // In the file an edge points at the place of a node in the flat list.
    const target = cells[places[2]!]!;
    const to = Math.floor(target / fields);
    if (to * fields !== target || to >= this.#nodeId.length) throw new ProfileError(`edge ${row} leads to no node`);
    const type = cells[places[0]!]!;
    const retains = this.#retains[type];
    if (retains === 1 || (retains === 2 && this.#edgeNode === 0)) {
      const kept = this.#edgesKept;
      this.#edgeLabel[kept] = (type << EDGE_NAME_BITS) | Math.min(cells[places[1]!]!, EDGE_NAME_MAX);
      this.#edgeTo[kept] = to;
      this.#edgesKept = kept + 1;
    }
    this.#row = row + 1;
    this.#edgesLeft -= 1;
    if (this.#edgesLeft === 0) this.#nextEdgeNode();
  }

  #readLocations(bytes: Uint8Array, from: number): number {
    const at = this.#locations.push(bytes, from);
    if (at < 0) return bytes.length;
    this.#mode = 'after';
    return at;
  }

  /** The list of strings: beginnings are kept as the bytes of their JSON. */
  #readStrings(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length) {
      if (this.#inString) {
        at = this.#readString(bytes, at);
        continue;
      }
      const byte = bytes[at]!;
      at += 1;
      if (byte === QUOTE) {
        this.#inString = true;
        this.#strings.begin();
      } else if (byte === CLOSE_BRACKET) {
        this.#mode = 'after';
        return at;
      } else if (byte !== COMMA && byte > 0x20) this.#fail('no string', at - 1);
    }
    return at;
  }

  #readString(bytes: Uint8Array, from: number): number {
    const strings = this.#strings;
    const kept = strings.block;
    let length = strings.length;
    const keepEnd = Math.min(bytes.length, from + STRING_BYTES_MAX - strings.kept);
    let escaped = this.#escaped;
    let byte = 0;
    let at = from;
    for (; at < keepEnd; at += 1) {
      byte = bytes[at]!;
      if (escaped) escaped = false;
      else if (byte === QUOTE) break;
      else if (byte === BACKSLASH) escaped = true;
      kept[length++] = byte;
    }
    strings.length = length;
    // Of a long one the rest is only passed over.
    if (at === keepEnd) {
      for (; at < bytes.length; at += 1) {
        byte = bytes[at]!;
        if (escaped) escaped = false;
        else if (byte === QUOTE) break;
        else if (byte === BACKSLASH) escaped = true;
      }
    }
    this.#escaped = escaped;
    if (at === bytes.length) return at;
    this.#inString = false;
    strings.end();
    return at + 1;
  }
}

function readHead(json: string): Head {
  let data: { node_count?: unknown; edge_count?: unknown; meta?: Record<string, unknown> };
  try {
    data = JSON.parse(json) as typeof data;
  } catch (error) {
    throw new ProfileError('not a heap snapshot: its head is not JSON', { cause: error });
  }
  const meta = typeof data === 'object' && data !== null ? data.meta : undefined;
  const names = (value: unknown, what: string): string[] => {
    const isNames =
      Array.isArray(value) &&
      value.length > 0 &&
      value.length <= FIELDS_MAX &&
      value.every((each) => typeof each === 'string');
    if (!isNames) throw new ProfileError(`not a heap snapshot: its head has no ${what}`);
    return value as string[];
  };
  const count = (value: unknown, what: string): number => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
      throw new ProfileError(`not a heap snapshot: its head has no ${what}`);
    return value;
  };
  const nodeFields = names(meta?.node_fields, 'node_fields');
  const edgeFields = names(meta?.edge_fields, 'edge_fields');
  for (const field of NODE_FIELDS) {
    if (!nodeFields.includes(field)) throw new ProfileError(`not a heap snapshot: its nodes have no ${field}`);
  }
  for (const field of EDGE_FIELDS) {
    if (!edgeFields.includes(field)) throw new ProfileError(`not a heap snapshot: its edges have no ${field}`);
  }
  const typesOf = (value: unknown, fields: readonly string[], what: string) =>
    names(Array.isArray(value) ? value[fields.indexOf('type')] : undefined, what);
  return {
    nodeCount: count(data.node_count, 'node_count'),
    edgeCount: count(data.edge_count, 'edge_count'),
    nodeFields,
    edgeFields,
    nodeTypes: typesOf(meta?.node_types, nodeFields, 'node_types'),
    edgeTypes: typesOf(meta?.edge_types, edgeFields, 'edge_types').slice(0, EDGE_TYPES_MAX),
  };
}

/** A snapshot from a stream of bytes (a file's chunks, `v8.getHeapSnapshot()`). @throws ProfileError */
export async function readHeapSnapshot(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<HeapSnapshot> {
  const parser = new SnapshotParser();
  for await (const chunk of chunks) parser.push(chunk);
  return parser.finish();
}
