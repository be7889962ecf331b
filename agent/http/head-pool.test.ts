import t from 'tap';
import { createHttpCounters } from './http-counters.ts';
import { HttpLayer } from './http-layer.ts';
import { defaultHttpLimits } from './http-limits.ts';
import type { HttpMessage } from './message-handler.ts';

t.test(
  'long request targets of messages that flow are held within the budget of heads, those of others not at all',
  (t) => {
    const streams = 100;
    const headPoolBytesMax = 150_000;
    const counters = createHttpCounters();
    const flowing = new Map<number, HttpMessage>();
    const found: string[] = [];
    const handler = {
      begin(message: HttpMessage) {
        if (message.kind === 'request') flowing.set(message.stream, message);
      },
      body() {},
      bodyGap() {},
      end(message: HttpMessage) {
        if (message.kind === 'request') found.push(message.uri);
      },
    };
    const limits = { ...defaultHttpLimits, streamsMax: streams, waitingRequestsMax: streams, headPoolBytesMax };
    const http = new HttpLayer({ limits, handler, counters });
    const uri = '/'.padEnd(8000, 'u');
    const send = (stream: number, text: string) => {
      const bytes = Buffer.from(text, 'latin1');
      http.data(stream, 0, bytes, 0, bytes.length, 0);
    };
    const held = () => [...flowing.values()].reduce((sum, message) => sum + message.uri.length, 0);
    for (let stream = 0; stream < streams; stream += 1) {
      http.open(stream, 0, false);
      send(stream, `POST ${uri} HTTP/1.1\r\nContent-Length: 2\r\n\r\nx`);
      t.ok(http.headPoolBytes <= headPoolBytesMax);
    }
    t.ok(held() > 0 && held() <= headPoolBytesMax, `${held()} bytes of targets held`);
    t.ok(counters.headsShed > 0);
    t.equal(counters.requests, streams);
    for (let stream = 0; stream < streams; stream += 1) send(stream, 'y');
    t.equal(counters.requestsComplete, streams);
    t.equal(held(), 0, 'what is over holds nothing');
    t.ok(found.includes(uri) && found.includes(''), 'reported where it was held');

    // The budget is whole again: as many as at first.
    const before = held();
    for (let stream = 0; stream < streams; stream += 1)
      send(stream, `POST ${uri} HTTP/1.1\r\nContent-Length: 2\r\n\r\nx`);
    t.ok(held() > before && http.headPoolBytes <= headPoolBytesMax);
    t.end();
  },
);
