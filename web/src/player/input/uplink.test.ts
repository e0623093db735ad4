import { expect, test } from 'vitest';
import table from '../../../../crates/playfield-core/src/input/uplink.txt?raw';
import { Uplink } from './uplink';

/** The milliseconds at which messages leave, each as soon as it is due. */
function departures(events: string): string[] {
  const uplink = new Uplink();
  const left: string[] = [];
  if (!events.includes(':h')) uplink.heard();
  let [now, waits] = [0, false];
  for (const event of events.split(' ')) {
    const [, until, kind, number, count] = /^(\d+):([a-z]+)(\d+)?(?:\/(\d+))?$/.exec(event)!;
    while (uplink.next() < Number(until)) {
      now = Math.max(now, uplink.next());
      left.push(`${now}${uplink.sent(now, waits) ? '+' : ''}`);
    }
    now = Number(until);
    if (kind === 'c' || kind === 'm') uplink.changed(now, kind === 'c');
    else if (kind === 'p' || kind === 'd') uplink.datagram(now, Number(number), Number(count ?? 1), kind === 'p');
    else if (kind === 'l') uplink.lost(now);
    else if (kind === 'w') waits = !waits;
    else if (kind === 'h') uplink.heard();
    else expect(kind).toBe('end');
  }
  return left;
}

const lines = table.split('\n').filter((line) => line && !line.startsWith('#'));
const stories = Array.from({ length: lines.length / 3 }, (_, story) => lines.slice(3 * story, 3 * story + 3));

test.each(stories)('%s', (_name, events, expected) => {
  expect(departures(events!.trim()).join(' ')).toBe(expected!.trim());
});
