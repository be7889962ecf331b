/** A capture made for tests: exchanges on one connection, secrets in them. */
import { PcapWriter } from '../pcap/pcap-writer.ts';
import { buildTcpFrame } from '../wire/packet-builder.ts';

const client = '10.0.0.1';
const server = '10.0.0.2';
const [FIN, SYN, PUSH, ACK] = [1, 2, 8, 16];

/** So many requests with their responses, different ones, as a pcap file. */
export function exchangesCapture(count: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  const writer = new PcapWriter((bytes, start, end) => pieces.push(bytes.slice(start, end)), { linkType: 1 });
  const next = { [client]: 1, [server]: 1 } as Record<string, number>;
  let tsUs = 1_700_000_000_000_000;
  const send = (from: string, flags: number, text = '') => {
    const to = from === client ? server : client;
    const payload = Buffer.from(text);
    const frame = buildTcpFrame({
      source: from,
      destination: to,
      sourcePort: from === client ? 40_000 : 80,
      destinationPort: from === client ? 80 : 40_000,
      sequence: next[from]! - ((flags & SYN) !== 0 ? 1 : 0),
      acknowledgement: next[to]!,
      flags,
      payload,
    });
    next[from] = next[from]! + payload.length;
    tsUs += 500;
    writer.frame(frame, 0, frame.length, frame.length, tsUs);
  };
  send(client, SYN);
  send(server, SYN | ACK);
  send(client, ACK);
  for (let i = 0; i < count; i += 1) {
    const asked = JSON.stringify({ number: i, password: 's3cr3t-t0ken' });
    const head = `Host: api.example\r\nAuthorization: Bearer s3cr3t-t0ken\r\nContent-Type: application/json`;
    send(
      client,
      PUSH | ACK,
      `POST /items/${i}?q=1 HTTP/1.1\r\n${head}\r\nContent-Length: ${asked.length}\r\n\r\n${asked}`,
    );
    const answer = JSON.stringify({ item: i, name: `item ${i}` });
    const fields = 'Content-Type: application/json\r\nSet-Cookie: sid=s3cr3t-t0ken; Path=/';
    send(server, PUSH | ACK, `HTTP/1.1 200 OK\r\n${fields}\r\nContent-Length: ${answer.length}\r\n\r\n${answer}`);
  }
  send(client, FIN | ACK);
  writer.flush();
  return Buffer.concat(pieces);
}
