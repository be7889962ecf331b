import { CloseReason, GapReason } from './stream-handler.ts';

/** Everything the TCP layer counts. Plain numbers that only grow, unless said to be a gauge (`TcpLayer.gauges`). */
export class TcpCounters {
  /** Frames taken. */
  frames = 0;
  /** Bytes of frames as captured. */
  frameBytes = 0;
  /** TCP segments decoded, nested and reassembled ones included. */
  segments = 0;
  /** Segments that were ignored for lack of a stream: no payload, no SYN, and none known. */
  segmentsWithoutStream = 0;
  /** Segments that came after their stream was closed. */
  segmentsAfterClose = 0;
  /** Of those and of later ones: payload that was sent again after the close; no new conversation. */
  retransmissionsAfterClose = 0;
  /** Segments dropped for a wrong checksum (only where verification is on). */
  checksumErrors = 0;

  /** Payload bytes delivered in order. */
  deliveredBytes = 0;
  /** Segments delivered as they came, nothing waiting before them. */
  segmentsInOrder = 0;
  /** Segments that had to wait behind a hole, wholly or in part. */
  segmentsOutOfOrder = 0;
  /** Segments all of whose bytes were known already: retransmissions and duplicates. */
  segmentsDuplicate = 0;
  /** Segments some of whose bytes were known already. */
  segmentsOverlapping = 0;
  /** Payload bytes dropped because they were known already. */
  duplicateBytes = 0;
  /** Queued bytes replaced by later ones (last-wins). */
  overwrittenBytes = 0;
  /** Queued bytes that came again with another content; the octet of a probe (`keepAlives`) is none. */
  conflictingBytes = 0;
  /** Keep-alives (RFC 9293, 3.8.4): no or one byte just before the next one. */
  keepAlives = 0;
  /** Segments that advertised a window of zero. */
  zeroWindows = 0;
  /** One-byte segments sent into a window of zero. */
  zeroWindowProbes = 0;
  /** Segments shed for lying further ahead than the window limit. */
  farAheadSegments = 0;
  farAheadBytes = 0;
  /** Segments shed for lying further behind than the window limit. */
  farBehindSegments = 0;
  /** Conversations found on the addresses and ports of an older one whose end they did not show, nor their own SYN. */
  successions = 0;
  /** … of which one went on where one before it had stopped: two conversations with the same addresses and ports. */
  conversationsMixed = 0;
  /** Conversations kept apart from another one with the same addresses and ports by their network (`NetworkPolicy.auto`). */
  conversationsApart = 0;
  /** Payload bytes that were held for a conversation that turned out to be none, or found no room. */
  heldBytesShed = 0;
  /** Second answers to a SYN, with another sequence number, that the client took for the first. */
  answersReplaced = 0;
  /** RSTs in the window after which the stream went on (RFC 5961). */
  resetsSurvived = 0;
  /** Urgent bytes taken out of the stream. */
  urgentBytes = 0;
  /** Urgent bytes left in the stream since too many were awaited. */
  urgentShed = 0;
  /** Payload after the sender's own FIN or RST: shed. */
  bytesAfterEnd = 0;
  /** Out-of-order payload shed under pressure or because one segment alone went past a page budget. */
  shedBytes = 0;
  /** Acknowledgements of bytes further ahead than the window limit: ignored. */
  farAheadAcks = 0;

  /** Gaps given up, by reason (`GapReason`), and the bytes in them. */
  gapsAcknowledged = 0;
  gapBytesAcknowledged = 0;
  gapsTimeout = 0;
  gapBytesTimeout = 0;
  gapsPages = 0;
  gapBytesPages = 0;
  gapsClosed = 0;
  gapBytesClosed = 0;
  gapsTruncated = 0;
  gapBytesTruncated = 0;
  /** What made the `pages` gaps: this direction's page budget, … */
  gapsConnectionBudget = 0;
  /** … the budget of all, given up oldest first, … */
  gapsTotalBudget = 0;
  /** … the number of holes, … */
  gapsHoleLimit = 0;
  /** … or pressure. */
  gapsPressure = 0;
  /** Jumps over bytes further ahead than the window limit, after which the stream went on (among `gapsTimeout`). */
  gapsFarAhead = 0;

  /** Streams opened: with a SYN seen, and in the middle. */
  streamsOpened = 0;
  streamsOpenedMidStream = 0;
  /** Streams closed, by reason (`CloseReason`). */
  streamsClosedFin = 0;
  streamsClosedReset = 0;
  streamsClosedIdle = 0;
  streamsClosedEvicted = 0;
  streamsClosedReused = 0;
  streamsClosedEndOfInput = 0;
  /** Keys of closed streams dropped early to make room. */
  closedKeysEvicted = 0;
  /** Streams refused under pressure. */
  streamsRefused = 0;
  /** SYNs repeated. */
  synRetransmissions = 0;
  /** Both sides sent a SYN (RFC 9293, 3.5). */
  simultaneousOpens = 0;
  /** SYNs that carried payload (RFC 7413). */
  fastOpens = 0;
  /** RSTs outside the window (RFC 5961): ignored. */
  resetsIgnored = 0;
  /** FINs before bytes already seen: ignored. */
  finsIgnored = 0;
  /** SYN-ACKs that answer no SYN of their stream: ignored. */
  synAcksIgnored = 0;

  /** Fragments taken, and datagrams completed from them. */
  fragments = 0;
  datagramsReassembled = 0;
  /** Fragments some of whose bytes were known already: the first ones stay. */
  fragmentsOverlapping = 0;
  /** Fragments shed: past the largest datagram, malformed, or past the byte budget. */
  fragmentsShed = 0;
  /** Datagrams given up incomplete: by time, or the oldest for want of room. */
  datagramsTimedOut = 0;
  datagramsEvicted = 0;

  /** Steps of the packets' clock back by more than a second: timers carried on from the new time. */
  clockSteps = 0;
}

/** Counts a gap that was given up. */
export function countGap(counters: TcpCounters, reason: GapReason, length: number): void {
  switch (reason) {
    case GapReason.acknowledged:
      counters.gapsAcknowledged += 1;
      counters.gapBytesAcknowledged += length;
      break;
    case GapReason.timeout:
      counters.gapsTimeout += 1;
      counters.gapBytesTimeout += length;
      break;
    case GapReason.pages:
      counters.gapsPages += 1;
      counters.gapBytesPages += length;
      break;
    case GapReason.closed:
      counters.gapsClosed += 1;
      counters.gapBytesClosed += length;
      break;
    case GapReason.truncated:
      counters.gapsTruncated += 1;
      counters.gapBytesTruncated += length;
      break;
  }
}

/** Counts a stream that was closed. */
export function countClose(counters: TcpCounters, reason: CloseReason): void {
  switch (reason) {
    case CloseReason.fin:
      counters.streamsClosedFin += 1;
      break;
    case CloseReason.reset:
      counters.streamsClosedReset += 1;
      break;
    case CloseReason.idle:
      counters.streamsClosedIdle += 1;
      break;
    case CloseReason.evicted:
      counters.streamsClosedEvicted += 1;
      break;
    case CloseReason.reused:
      counters.streamsClosedReused += 1;
      break;
    case CloseReason.endOfInput:
      counters.streamsClosedEndOfInput += 1;
      break;
  }
}
