/**
 * What sequence numbers and acknowledgements prove about a client that takes turns: it sends a request when it has received
 * the whole response to the one before. Then its request acknowledges every earlier response, and nothing that the server
 * sends before the request has arrived acknowledges any of it (RFC 9293, 3.4; RFC 9112, 9.3.2).
 *
 * An acknowledgement seen may be later than the first one sent (a retransmission carries its own, and the first copy may
 * not have been captured), never earlier. What is called a proof below holds for later ones as well.
 */

/** `GET / HTTP/1.1`, CR LF, CR LF: fewer bytes hide no request. */
export const REQUEST_BYTES_MIN = 18;
/** `HTTP/1.1 200`, a space, CR LF, CR LF: fewer bytes hide no response. */
export const RESPONSE_BYTES_MIN = 17;
/** `HTTP/1.1 200`, CR LF, `Content-Length:1`, CR LF, CR LF: fewer bytes are no head that a body follows, but a 100 (Continue). */
export const FRAMED_HEAD_BYTES_MIN = 34;

/**
 * So many turns in a row prove a client that takes turns: one that pipelines two requests in three would come to them once
 * in a thousand times, and its first pipelined request would have to be lost just then.
 */
export const TURNS_PROVEN = 6;

/** Bytes from `to` back to `from`, negative where `to` comes first. */
export function distance(from: number, to: number): number {
  return (to - from) | 0;
}

/** A request that waits, or one that has just come. */
export interface Asked {
  sequence: number;
  ack: number;
  /** Behind its last byte, where `hasEnd`. */
  end: number;
  hasEnd: boolean;
}

/** A final response. */
export interface Answered {
  sequence: number;
  ack: number;
  /** No final response lies between here and `sequence`. */
  clear: number;
  /** No final response begins between here and `sequence`: one may lie around. */
  open: number;
  /** 408 (RFC 9110, 15.5.9), which a server also sends unasked. */
  isTimeout: boolean;
}

/** Whether the server had received the first byte of the request, and the request acknowledges no byte of the response. */
export function mayAnswer(response: Answered, request: Asked): boolean {
  return distance(request.sequence, response.ack) > 0 && distance(request.ack, response.sequence) >= 0;
}

/**
 * Whether the client sent the request without having received the response to an earlier one: it does not take turns.
 * 408 proves nothing, being sent unasked.
 */
export function crosses(response: Answered, request: Asked): boolean {
  const isEarlier = distance(request.sequence, response.ack) <= 0 && !response.isTimeout;
  return isEarlier && distance(request.ack, response.sequence) >= 0;
}

/** Whether the server had received no request behind this one when it sent the response, as far as `end` is known. */
export function answersNoneLater(response: Answered, request: Asked): boolean {
  if (!request.hasEnd) return false;
  const beyond = distance(request.end, response.ack);
  // A server that waited in vain says so unasked: only in the middle of a request is it sure to mean that one.
  if (response.isTimeout && !isFirstAfter(response, request)) return beyond < 0;
  return beyond < REQUEST_BYTES_MIN;
}

/**
 * Whether nothing had answered the request before this response: its answer begins behind what it acknowledges. A request that
 * was seen as a later copy may acknowledge its own answer.
 */
export function isUnansweredBefore(response: Answered, request: Asked): boolean {
  return distance(response.open, request.ack) >= 0;
}

/**
 * Whether no other response can have been sent between the request and this one. That this is the request's own is most
 * likely then, not more: the request may be a copy, sent when later responses had come.
 */
export function isFirstAfter(response: Answered, request: Asked): boolean {
  return distance(request.ack, response.clear) < RESPONSE_BYTES_MIN;
}
