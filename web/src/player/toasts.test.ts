import { describe, expect, test } from 'vitest';
import { ToastQueue } from './toasts';

const after = (...texts: string[]) => {
  const queue = new ToastQueue();
  for (const text of texts) queue.say(text, 0);
  return queue;
};

describe('what a title says', () => {
  test('is there for four seconds', () => {
    const queue = after('Saved.');
    expect(queue.poll(0)).toEqual(['Saved.']);
    expect(queue.next()).toBe(4000);
    expect(queue.poll(3999)).toEqual(['Saved.']);
    expect(queue.poll(4000)).toEqual([]);
    expect(queue.next()).toBeNull();
  });
  test('is three sentences at a time, and others wait', () => {
    const queue = after('1', '2', '3', '4', '5');
    expect(queue.poll(0)).toEqual(['1', '2', '3']);
    expect(queue.poll(4000)).toEqual(['4', '5']);
    expect(queue.next()).toBe(8000);
    expect(queue.poll(8000)).toEqual([]);
  });
  test('is not repeated while it is there or waits; said again, it stays', () => {
    const queue = after('1', '1', '2', '3', '4', '4');
    expect(queue.poll(0)).toEqual(['1', '2', '3']);
    queue.say(' 1 ', 3000);
    expect(queue.poll(4000)).toEqual(['1', '4']);
    expect(queue.poll(7000)).toEqual(['4']);
    expect(queue.poll(8000)).toEqual([]);
  });
  test('may be said again later', () => {
    const queue = after('1');
    queue.poll(0);
    queue.poll(5000);
    queue.say('1', 5000);
    expect(queue.poll(5000)).toEqual(['1']);
  });
  test('does not go while something lies over the picture', () => {
    const queue = after('1');
    queue.poll(0);
    queue.hold(true, 1000);
    queue.hold(true, 2000);
    queue.say('2', 50_000);
    expect(queue.poll(60_000)).toEqual(['1', '2']);
    expect(queue.next()).toBeNull();
    queue.hold(false, 60_000);
    expect(queue.poll(60_000)).toEqual(['1', '2']);
    expect(queue.poll(63_000)).toEqual(['2']);
    expect(queue.poll(64_000)).toEqual([]);
  });
  test('is nothing where it says nothing, and never without end', () => {
    const queue = after('', '  ', ...Array.from({ length: 1000 }, (_, i) => `${i}`.repeat(1000)));
    let told = queue.poll(0);
    expect(told.every((text) => text.length === 400)).toBe(true);
    let seen = 0;
    for (let now = 0; told.length > 0; told = queue.poll((now += 4000))) seen += told.length;
    expect(seen).toBe(9);
  });
  test('is gone with the run', () => {
    const queue = after('1', '2', '3', '4');
    queue.poll(0);
    queue.clear();
    expect(queue.poll(0)).toEqual([]);
  });
});
