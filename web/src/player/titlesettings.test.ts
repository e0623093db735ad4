import { describe, expect, it, test } from 'vitest';
import type { Setting } from '../api';
import { chosenLabel, groupsOf, lookOf, nameOf } from './titlesettings';

const setting = (key: string, group = '', more: Partial<Setting> = {}): Setting => ({ key, label: key, group, choices: [], value: '', ...more });
const choices = (...labels: string[]) => labels.map((label) => ({ value: label, label }));
const told = (settings: Setting[], query = '') => groupsOf(settings, query).map(({ name, settings }) => [name, ...settings.map(({ key }) => key)].join(' '));

describe('groups', () => {
  const SETTINGS = [
    setting('palette', 'Video', { label: 'Colour palette', info: 'Of the old screen.' }),
    setting('loose'),
    setting('reverb', 'Audio'),
    setting('crop', 'Video', { label: 'Crop the edges' }),
    setting('playfield/port/0', 'Controllers', { label: 'Player 1 uses' }),
    setting('playfield/disk', '', { label: 'Disk in the drive' }),
  ];

  test('disk and controllers come first, then what has no group, then groups as they come', () => {
    expect(told(SETTINGS)).toEqual([' playfield/disk', 'Controllers playfield/port/0', ' loose', 'Video palette crop', 'Audio reverb']);
    expect(groupsOf(SETTINGS).map(({ first }) => first)).toEqual([true, true, false, false, false]);
  });
  test('a group of the same name is the same group', () => {
    expect(told([setting('turbo', 'Controllers'), setting('playfield/port/1', 'Controllers')])).toEqual(['Controllers playfield/port/1 turbo']);
  });
  test('names that mean something to scripts are names like others', () => {
    expect(told([setting('__proto__', 'constructor'), setting('<b>', '__proto__')])).toEqual(['constructor __proto__', '__proto__ <b>']);
  });
  test('nothing makes no groups', () => expect(told([])).toEqual([]));

  it.each([
    ['palette', ['Video palette']],
    ['  COLOUR  ', ['Video palette']],
    ['video', ['Video palette crop']],
    ['video edges', ['Video crop']],
    ['old screen', ['Video palette']],
    ['(.*', []],
  ])('searched for %j', (query, expected) => expect(told(SETTINGS, query)).toEqual(expected));
});

describe('looks', () => {
  const check = (labels: string[], expected: unknown) => expect(lookOf(setting('x', '', { choices: choices(...labels) }))).toEqual(expected);

  test('a pair of on and off is a switch, in either order', () => {
    check(['disabled', 'enabled'], { as: 'switch', on: 'enabled', off: 'disabled' });
    check(['ON', 'OFF'], { as: 'switch', on: 'ON', off: 'OFF' });
    check(['true', 'false'], { as: 'switch', on: 'true', off: 'false' });
  });
  test('what people are told decides, not the value', () => {
    expect(lookOf(setting('x', '', { choices: [{ value: '7', label: 'Off' }, { value: '8', label: 'On' }] }))).toEqual({ as: 'switch', on: '8', off: '7' });
    expect(lookOf(setting('x', '', { choices: [{ value: 'enabled', label: 'Fast' }, { value: 'disabled', label: 'Exact' }] }))).toEqual({ as: 'segments' });
    expect(lookOf(setting('x', '', { choices: [{ value: 'yes', label: '' }, { value: 'no', label: '' }] }))).toMatchObject({ as: 'switch' });
  });
  test('a few short ones lie beside each other', () => check(['Auto', 'NTSC', 'PAL'], { as: 'segments' }));
  test('many, or long ones, or one, are a list', () => {
    check(['1', '2', '3', '4'], { as: 'list' });
    check(['Composite', 'Monochrome'], { as: 'list' });
    check(['enabled', 'disabled', 'auto detected'], { as: 'list' });
    check(['only'], { as: 'list' });
    check([], { as: 'list' });
  });
});

describe('names', () => {
  test('what is chosen', () => {
    const some = choices('Auto', 'disabled');
    expect(chosenLabel(setting('x', '', { choices: some, value: 'Auto' }))).toBe('Auto');
    expect(chosenLabel(setting('x', '', { choices: some, value: 'disabled' }))).toBe('Disabled');
    expect(chosenLabel(setting('x', '', { choices: [{ value: 'a', label: 'iNES' }], value: 'a' }))).toBe('iNES');
    expect(chosenLabel(setting('x', '', { choices: some, value: 'gone' }))).toBe('Gone');
  });
  test('of any length fit', () => {
    expect(nameOf('  one\n two ')).toBe('one two');
    expect(nameOf('x'.repeat(100_000))).toBe(`${'x'.repeat(160)}…`);
  });
});
