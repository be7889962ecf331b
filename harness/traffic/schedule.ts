/** When each frame is due, from its recorded time, its place or the bytes before it. Pure. */
import assert from 'node:assert';
import { ProfileClock, type RateUnit } from './rate-profile.ts';
import type { Pace } from './traffic.ts';

/**
 * When a frame is due, in microseconds after the first.
 * @param trafficUs its own time after the first frame's; @param framesBefore and @param bytesBefore what was sent
 * before it.
 */
export type Schedule = (trafficUs: number, framesBefore: number, bytesBefore: number) => number;

/** The schedule of a pace; that of a profile is for one pass, in order. */
export function scheduleOf(pace: Pace): Schedule {
  switch (pace.kind) {
    case 'recorded': {
      const { speed } = pace;
      assert(speed > 0);
      return (trafficUs) => trafficUs / speed;
    }
    case 'frames': {
      const frameUs = 1e6 / pace.framesPerSecond;
      return (_trafficUs, framesBefore) => framesBefore * frameUs;
    }
    case 'bits': {
      const byteUs = 8 / pace.megabitsPerSecond;
      return (_trafficUs, _framesBefore, bytesBefore) => bytesBefore * byteUs;
    }
    case 'profile': {
      const clock = new ProfileClock(pace);
      const work = workBefore[pace.unit];
      return (...before) => clock.dueUs(work(...before));
    }
    case 'topspeed':
      return () => 0;
  }
}

/** What counts as done before a frame. */
const workBefore: Readonly<Record<RateUnit, Schedule>> = {
  frames: (_trafficUs, framesBefore) => framesBefore,
  bits: (_trafficUs, _framesBefore, bytesBefore) => bytesBefore,
  speed: (trafficUs) => trafficUs,
};
