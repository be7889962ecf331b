/** What is read of one body at most. */
export interface BodyLimits {
  /** Decoded bytes read of one body. */
  readonly decodedBytesMax: number;
  readonly depthMax: number;
  readonly stringBytesMax: number;
  /** Bytes of a JSON body that is kept until it is whole, to be sealed: longer ones are read as they flow. */
  readonly sealedBytesMax: number;
  /** Bytes kept of a body that is not parsed. */
  readonly sampleBytesMax: number;
  /** YAML is held whole up to this, and read as far as it goes. */
  readonly yamlBytesMax: number;
  readonly pairsMax: number;
  readonly partsMax: number;
  readonly partHeaderBytesMax: number;
  /** Multipart within multipart. */
  readonly multipartDepthMax: number;
}

export const defaultBodyLimits: BodyLimits = {
  decodedBytesMax: 10_000_000,
  depthMax: 64,
  stringBytesMax: 64 << 10,
  sealedBytesMax: 640 << 10,
  sampleBytesMax: 4 << 10,
  yamlBytesMax: 128 << 10,
  pairsMax: 1000,
  partsMax: 100,
  partHeaderBytesMax: 8 << 10,
  multipartDepthMax: 3,
};

/** A body that outgrows a page is kept in several: buffers of many sizes leave holes in memory that no other fits. */
export const BODY_PAGE_BYTES = 16 << 10;
