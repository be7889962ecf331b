/** Everything the HTTP layer counts; plain numbers, so that a snapshot is a copy. */
export interface HttpCounters {
  requests: number;
  responses: number;
  requestsComplete: number;
  responsesComplete: number;
  /** 1xx responses, counted in `responses` too. */
  interimResponses: number;
  headBytes: number;
  bodyBytes: number;
  /** Body bytes known to be missing inside messages. */
  missingBytes: number;
  /** Messages longer than `messageBytesMax`. */
  messagesCut: number;
  /** Bytes beyond it: counted, not delivered. */
  cutBytes: number;
  /** Messages that ended before their framing said so. */
  messagesIncomplete: number;
  /** Times the parser lost its place (a gap, or bytes that are no message). */
  syncLost: number;
  /** Times it found a message head again. */
  syncFound: number;
  /** Bytes that belong to no message, in streams that speak HTTP. */
  garbageBytes: number;
  /** Gaps that fell into a head. */
  headsLost: number;
  /** Heads longer than `headBytesMax`. */
  headsOverLimit: number;
  /** Heads given up or not kept because the pool of head buffers was spent. */
  headsShed: number;
  httpStreams: number;
  tlsStreams: number;
  /** Of these, streams met behind their hello. */
  tlsMidStream: number;
  tls10: number;
  tls11: number;
  tls12: number;
  tls13: number;
  tlsOtherVersion: number;
  http2Streams: number;
  /** Of these, streams that left HTTP/1 by an upgrade. */
  http2Upgrades: number;
  websocketStreams: number;
  upgradedStreams: number;
  tunnelStreams: number;
  unknownStreams: number;
  /** Payload bytes of streams that are not, or no longer, HTTP/1. */
  ignoredBytes: number;
  pairs: number;
  /** Of these, the ones that are only probable. */
  pairsProbable: number;
  /** Requests that left without their response. */
  requestsUnanswered: number;
  /** Final responses whose request was not seen. */
  responsesUnasked: number;
  /** Responses captured before their request. */
  responsesEarly: number;
  /** Responses captured before their request that a limit left unpaired. */
  responsesEarlyShed: number;
  /** Waiting requests dropped because a limit was reached. */
  requestsShed: number;
  /** Times the pairing of a pipelined stream became unknowable. */
  pairingLost: number;
}

/** All counters at zero. */
export function createHttpCounters(): HttpCounters {
  return {
    requests: 0,
    responses: 0,
    requestsComplete: 0,
    responsesComplete: 0,
    interimResponses: 0,
    headBytes: 0,
    bodyBytes: 0,
    missingBytes: 0,
    messagesCut: 0,
    cutBytes: 0,
    messagesIncomplete: 0,
    syncLost: 0,
    syncFound: 0,
    garbageBytes: 0,
    headsLost: 0,
    headsOverLimit: 0,
    headsShed: 0,
    httpStreams: 0,
    tlsStreams: 0,
    tlsMidStream: 0,
    tls10: 0,
    tls11: 0,
    tls12: 0,
    tls13: 0,
    tlsOtherVersion: 0,
    http2Streams: 0,
    http2Upgrades: 0,
    websocketStreams: 0,
    upgradedStreams: 0,
    tunnelStreams: 0,
    unknownStreams: 0,
    ignoredBytes: 0,
    pairs: 0,
    pairsProbable: 0,
    requestsUnanswered: 0,
    responsesUnasked: 0,
    responsesEarly: 0,
    responsesEarlyShed: 0,
    requestsShed: 0,
    pairingLost: 0,
  };
}
