/** How the sender kept to its schedule, as notes of a report. Pure. */
import { formatCount } from '../../reports/format.ts';
import type { Note } from '../../reports/model.ts';
import type { Pacing, SendResult } from '../feed/sender.ts';
import { partText } from '../traffic/parse-profile.ts';
import { partSeconds, type RateProfile } from '../traffic/rate-profile.ts';

/** Of the time that the schedule takes. Beyond it the target had an easier load than was asked for. */
const behindShareMax = 0.02;
const behindUsMin = 50_000;

export function pacingNotes({ pacing, ledger }: SendResult, profile: RateProfile | undefined): Note[] {
  if (!pacing || ledger.framesSent === 0) return [];
  const notes: Note[] = (profile?.parts ?? []).flatMap((part, index) => {
    const now = pacing.parts[index];
    if (!now) return [];
    const before = pacing.parts[index - 1] ?? { frames: 0, bytes: 0, sentUs: 0 };
    const [frames, bytes] = [now.frames - before.frames, now.bytes - before.bytes];
    const sent = `${formatCount(frames)} frames, ${megabits(bytes)} Mbit`;
    const text = `pace: ${partText(part, profile!.unit)}: ${sent} in ${seconds(now.sentUs - before.sentUs)} of ${seconds(partSeconds(part) * 1e6)}`;
    return [{ severity: 'info', text }];
  });
  notes.push({ severity: isBehind(pacing) ? 'warning' : 'info', text: latenessText(pacing) });
  return notes;
}

/** Whether the whole took so much longer than asked that another load was sent. */
export function isBehind({ dueUs, sentUs }: Pacing): boolean {
  return sentUs - dueUs > Math.max(behindUsMin, dueUs * behindShareMax);
}

function latenessText(pacing: Pacing): string {
  const { dueUs, sentUs, p50Us, p99Us, maxUs } = pacing;
  const late = `half of the frames at most ${ms(p50Us)} late, 99 of 100 at most ${ms(p99Us)}, all at most ${ms(maxUs)}`;
  if (!isBehind(pacing)) return `pace: the last frame was due after ${seconds(dueUs)}; ${late}`;
  return `the sender was behind: ${seconds(sentUs)} for what the pace asks in ${seconds(dueUs)} (${late}); the target had less to do than was asked`;
}

function ms(us: number): string {
  return `${Number((us / 1e3).toPrecision(2))} ms`;
}

function seconds(us: number): string {
  return `${(us / 1e6).toFixed(2)} s`;
}

function megabits(bytes: number): string {
  return ((bytes * 8) / 1e6).toFixed(1);
}
