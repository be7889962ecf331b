/**
 * A flood as traffic: connections are opened when their arrivals say so, and each goes its way; whose turn it is next is
 * what the queue says. Only the connections that are open are held.
 */
import type { FrameSink } from '../../../agent/capture/frame-source.ts';
import { FloodgateError } from '../../../agent/errors.ts';
import { createRandom, type Random } from '../../../agent/seeded-random.ts';
import { type Conversation, segmentBytesMax, TcpFrameBuilder } from '../synthesis/tcp-frame.ts';
import type { ImpairmentRecord, Phase, Traffic, TrafficOptions, Truth } from '../traffic.ts';
import { draw, timeRange } from './amounts.ts';
import { arrivalTimes } from './arrivals.ts';
import { EventQueue } from './event-queue.ts';
import { FloodTruth, type SentMessage } from './flood-truth.ts';
import { HttpPopulation } from './http-talk.ts';
import { tlsConnection, webSocketConnection } from './other-talk.ts';
import type { FloodPart, FloodPlan } from './plan-types.ts';
import { TcpTalk, type Waits, type Wire } from './tcp-talk.ts';

/** Some kilobytes each. Beyond them an arrival waits until a connection has ended, and is counted. */
const connectionsMax = 65_536;
/** Of the first frame: a fixed day, so that the same seed makes the same bytes. */
const firstFrameTsUs = 1_709_632_800_000_000;
const clientsAtATime = 1_024;
/** From 1,025 to 65,535. */
const clientPorts = 64_511;

/** Opens one pass over a flood. @param onMessage called for each message that was sent to its end */
export function openFlood(
  plan: FloodPlan,
  options: TrafficOptions,
  onMessage?: (message: SentMessage) => void,
): FloodTraffic {
  return new FloodTraffic(plan, options, onMessage);
}

interface Population {
  readonly part: FloodPart;
  readonly interfaceIndex: number;
  /** Of its clients' addresses, a network a part: no two connections of a flood have the same addresses and ports. */
  readonly network: number;
  readonly http: HttpPopulation | undefined;
  readonly random: Random;
  readonly arrivals: Generator<number, void>;
  readonly startUs: number;
  /** When the next is due. */
  nextUs: number;
  opened: number;
  /** The number of the last connection that had to wait. */
  waited: number;
}

class FloodTraffic implements Traffic, Wire {
  readonly linkType = 1;
  readonly framesExpected = undefined;
  readonly bytesExpected: number | undefined;
  readonly durationUs: number;
  readonly phases: readonly Phase[];
  readonly builder = new TcpFrameBuilder();
  nowUs = firstFrameTsUs;
  sink!: FrameSink;
  readonly #truth: FloodTruth;
  readonly #populations: Population[];
  readonly #queue = new EventQueue<Waits>(connectionsMax);
  readonly #bytesMax: number;
  #frames = 0;
  #bytes = 0;
  #connections = 0;
  #waited = 0;

  constructor(plan: FloodPlan, { seed, sizeBytes }: TrafficOptions, onMessage?: (message: SentMessage) => void) {
    this.#truth = new FloodTruth(onMessage);
    this.#bytesMax = sizeBytes ?? Number.POSITIVE_INFINITY;
    this.bytesExpected = sizeBytes;
    this.#populations = plan.map((part, index) => this.#population(part, index, createRandom(seed, `part ${index}`)));
    this.durationUs = Math.max(
      ...plan.map((part, index) => this.#populations[index]!.startUs - firstFrameTsUs + timeRange(part.duration)[1]),
    );
    this.phases = phasesOf(this.#populations);
  }

  get impairments(): readonly ImpairmentRecord[] {
    if (this.#waited === 0) return [];
    const description = `connections opened late, since ${connectionsMax} were open`;
    return [{ kind: 'flood', description, frames: this.#waited }];
  }

  /** @throws FloodgateError `flood-empty` */
  read(sink: FrameSink, framesMax: number): number {
    this.sink = sink;
    const before = this.#frames;
    while (this.#frames - before < framesMax) if (!this.#step()) break;
    if (this.#frames === 0) throw empty(this.durationUs);
    return this.#frames > before ? this.#frames - before : -1;
  }

  truth(): Truth {
    return this.#truth.truth();
  }

  close(): void {}

  delivered(bytes: number): void {
    this.#frames += 1;
    this.#bytes += bytes;
  }

  /** What comes first: an arrival, or the next frame of a connection. @returns whether there was any */
  #step(): boolean {
    const queue = this.#queue;
    const arrival = this.#bytes < this.#bytesMax ? this.#nextArrival() : undefined;
    if (arrival && !queue.isFull && (queue.size === 0 || arrival.nextUs <= queue.firstTime)) {
      this.#open(arrival);
      return true;
    }
    if (queue.size === 0) return false;
    if (arrival && queue.isFull && arrival.nextUs <= queue.firstTime) this.#wait(arrival);
    this.nowUs = Math.max(this.nowUs, queue.firstTime);
    const { done, value } = queue.first.next();
    if (done) queue.removeFirst();
    else queue.moveFirst(this.nowUs + value);
    return true;
  }

  /** Counts each connection once. */
  #wait(population: Population): void {
    if (population.waited === population.opened) return;
    population.waited = population.opened;
    this.#waited += 1;
  }

  #nextArrival(): Population | undefined {
    let next: Population | undefined;
    for (const population of this.#populations) {
      if (population.nextUs < (next?.nextUs ?? Number.POSITIVE_INFINITY)) next = population;
    }
    return next;
  }

  #open(population: Population): void {
    const { part, http, random } = population;
    this.nowUs = Math.max(this.nowUs, population.nextUs);
    const number = this.#connections++;
    const talk = this.#talk(population, random);
    population.opened += 1;
    advance(population);
    if (part.kind === 'half-open') {
      talk.syn();
      return;
    }
    const waits =
      part.kind === 'http'
        ? http!.connection(talk, number, random, this.#truth)
        : part.kind === 'websocket'
          ? webSocketConnection(part, talk, number, random, this.#truth)
          : tlsConnection(part, talk, random);
    this.#queue.add(this.nowUs, waits);
  }

  #talk({ part, network, opened, interfaceIndex }: Population, random: Random): TcpTalk {
    const port = part.port ?? (part.kind === 'tls' ? 443 : 80);
    const conversation: Conversation = {
      clientAddress:
        network + 1 + (opened % clientsAtATime) + clientsAtATime * Math.floor(opened / (clientsAtATime * clientPorts)),
      serverAddress: 0x0a02_0001 + (opened % 16),
      clientPort: 1_025 + (Math.floor(opened / clientsAtATime) % clientPorts),
      serverPort: port,
      sequence: [random.u32(), random.u32()],
      ...(part.kind === 'http' && part.fault?.kind === 'late-segment' && { received: [undefined, undefined] }),
    };
    const {
      segmentBytes = segmentBytesMax,
      segmentGap = '20us',
      duplicates = 0,
      roundTrip = '1ms',
    } = part.kind === 'half-open' ? {} : part;
    const pacing = {
      segmentBytes,
      duplicates,
      interfaceIndex,
      segmentGapUs: draw(random, timeRange(segmentGap)),
      halfTripUs: draw(random, timeRange(roundTrip)) / 2,
    };
    return new TcpTalk(this, conversation, pacing);
  }

  #population(part: FloodPart, index: number, random: Random): Population {
    const population: Population = {
      part,
      interfaceIndex: part.interface ?? index,
      // 10.64.0.0 on.
      network: 0x0a40_0000 + index * 0x0008_0000,
      http: part.kind === 'http' ? new HttpPopulation(part, random) : undefined,
      random,
      arrivals: arrivalTimes(part.arrivals, draw(random, timeRange(part.duration)), random),
      startUs: firstFrameTsUs + draw(random, timeRange(part.start ?? '0ms')),
      nextUs: 0,
      opened: 0,
      waited: -1,
    };
    advance(population);
    return population;
  }
}

/** A run of nothing would keep within any budget. */
function empty(durationUs: number): FloodgateError {
  return new FloodgateError('flood-empty', `no connection is opened in the ${durationUs / 1e6} s of the flood`, {
    hint: 'Let it take longer, or let more connections arrive; another --seed may have some.',
  });
}

function advance(population: Population): void {
  const { value } = population.arrivals.next();
  population.nextUs = value === undefined ? Number.POSITIVE_INFINITY : population.startUs + value;
}

/** A phase begins where a part does. */
function phasesOf(populations: readonly Population[]): Phase[] {
  const phases: Phase[] = [];
  for (const { part, startUs } of [...populations].sort((a, b) => a.startUs - b.startUs)) {
    const at = phases.length === 0 ? 0 : startUs - firstFrameTsUs;
    if (phases.at(-1)?.startUs !== at)
      phases.push({
        name: phases.some(({ name }) => name === part.kind) ? `${part.kind} ${phases.length + 1}` : part.kind,
        startUs: at,
      });
  }
  return phases;
}
