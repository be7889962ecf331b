/** Connections of a flood that are no HTTP, or stop being it: WebSockets and TLS. */
import type { Random } from '../../../agent/seeded-random.ts';
import { type SocketWrite, socketWrite } from '../synthesis/exchange.ts';
import { hexText } from '../synthesis/json-body.ts';
import { bytesRange, countRange, draw, drawSize, drawWhole, timeRange } from './amounts.ts';
import { latin1, noise } from './contents.ts';
import type { FloodTruth } from './flood-truth.ts';
import type { TlsPart, WebSocketPart } from './plan-types.ts';
import type { TcpTalk, Waits } from './tcp-talk.ts';

/** RFC 6455: the upgrade is an exchange, the messages behind it are none. */
export function* webSocketConnection(
  part: WebSocketPart,
  talk: TcpTalk,
  number: number,
  random: Random,
  truth: FloodTruth,
): Waits {
  const place = { connection: number, exchange: 0 };
  yield* talk.open();
  const key = noise(random, 16).toString('base64');
  const requestLine = 'GET /live HTTP/1.1';
  yield* talk.write(0, [
    socketWrite(
      latin1(
        `${requestLine}\r\nHost: api.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
      ),
    ),
  ]);
  truth.message({ ...place, kind: 'request' }, requestLine, undefined, true);
  const statusLine = 'HTTP/1.1 101 Switching Protocols';
  const accept = noise(random, 20).toString('base64');
  yield* talk.write(1, [
    socketWrite(
      latin1(`${statusLine}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`),
    ),
  ]);
  truth.message({ ...place, kind: 'response' }, statusLine, undefined, true);
  truth.exchangeIntact();
  const think = timeRange(part.think ?? '0ms');
  const sizes = bytesRange(part.messageBytes ?? '20B..2kB');
  for (let left = drawWhole(random, countRange(part.messages ?? 10)); left > 0; left--) {
    yield draw(random, think);
    const direction = left % 2 === 0 ? 0 : 1;
    yield* talk.write(direction, [webSocketMessage(drawSize(random, sizes), direction === 0, random)]);
  }
  yield* talk.close();
}

/** RFC 6455, section 5.2: one frame, masked from the client. */
function webSocketMessage(length: number, isMasked: boolean, random: Random): SocketWrite {
  const mask = isMasked ? 0x80 : 0;
  const head =
    length < 126
      ? Buffer.from([0x82, mask | length])
      : length < 65_536
        ? Buffer.from([0x82, mask | 126, length >> 8, length & 0xff])
        : Buffer.from([
            0x82,
            mask | 127,
            0,
            0,
            0,
            0,
            length >>> 24,
            (length >> 16) & 0xff,
            (length >> 8) & 0xff,
            length & 0xff,
          ]);
  return socketWrite(head, isMasked ? noise(random, 4) : Buffer.alloc(0), noise(random, length));
}

/** RFC 8446: one round of a handshake, then application data in records, none of which can be read. */
export function* tlsConnection(part: TlsPart, talk: TcpTalk, random: Random): Waits {
  yield* talk.open();
  yield* talk.write(0, [socketWrite(clientHello(serverNameOf(part, random), random))]);
  yield* talk.write(1, [
    socketWrite(record(22, serverHello(random)), record(20, Buffer.from([1])), record(23, noise(random, 900))),
  ]);
  yield* talk.write(0, [socketWrite(record(20, Buffer.from([1])), record(23, noise(random, 53)))]);
  const sizes = bytesRange(part.recordBytes ?? '100B..8kB');
  for (let left = drawWhole(random, countRange(part.records ?? 10)); left > 0; left--) {
    const length = Math.min(drawSize(random, sizes), recordBytesMax);
    yield* talk.write(left % 2 === 0 ? 0 : 1, [socketWrite(record(23, noise(random, length)))]);
  }
  yield* talk.close();
}

function serverNameOf({ serverName = 'api.example.com' }: TlsPart, random: Random): string {
  return serverName.replaceAll('{hex}', () => hexText(random, 32));
}

/** RFC 8446, section 5.2. */
const recordBytesMax = 16_384;

function record(type: number, payload: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from([type, 3, 3, payload.length >> 8, payload.length & 0xff]), payload]);
}

function handshake(type: number, body: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from([type, 0, body.length >> 8, body.length & 0xff]), body]);
}

function extension(type: number, body: Uint8Array): Uint8Array {
  return Buffer.concat([word(type), word(body.length), body]);
}

function word(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

/** RFC 8446, section 4.1.2, with the server's name (RFC 6066), the versions and a key share. */
function clientHello(serverName: string, random: Random): Uint8Array {
  const name = latin1(serverName);
  const extensions = Buffer.concat([
    extension(0, Buffer.concat([word(name.length + 3), Buffer.from([0]), word(name.length), name])),
    extension(43, Buffer.from([2, 3, 4])),
    extension(51, Buffer.concat([word(36), word(29), word(32), noise(random, 32)])),
  ]);
  const body = Buffer.concat([
    ...[word(0x0303), noise(random, 32), Buffer.from([32]), noise(random, 32)],
    ...[word(4), word(0x1301), word(0x1302), Buffer.from([1, 0]), word(extensions.length), extensions],
  ]);
  return record(22, handshake(1, body));
}

function serverHello(random: Random): Uint8Array {
  const extensions = Buffer.concat([
    extension(43, word(0x0304)),
    extension(51, Buffer.concat([word(29), word(32), noise(random, 32)])),
  ]);
  const body = Buffer.concat([
    ...[word(0x0303), noise(random, 32), Buffer.from([32]), noise(random, 32)],
    ...[word(0x1301), Buffer.from([0]), word(extensions.length), extensions],
  ]);
  return handshake(2, body);
}
