// What a made-up emulator lets its player choose: many settings, some of them named by somebody who did not think of menus.

import type { Setting } from '../src/api';

const onOff = [
  { value: 'disabled', label: 'disabled' },
  { value: 'enabled', label: 'enabled' },
];
const choices = (...labels: string[]) => labels.map((label) => ({ value: label.toLowerCase(), label }));
const INFO = 'How the picture of the old screen is made. Takes effect at once; what is drawn by hand keeps its colours.';

export function madeUpSettings(): Setting[] {
  const ports = [0, 1].map((port) => ({ key: `playfield/port/${port}`, label: `Player ${port + 1} uses`, group: 'Controllers', choices: choices('Gamepad', 'Light gun', 'Paddle', 'Nothing'), value: port === 0 ? 'gamepad' : 'nothing' }));
  const disks = ['Side A', 'Side B', 'Second disk, side A'].map((label, i) => ({ value: String(i), label }));
  const voices = Array.from({ length: 14 }, (_, i) => ({ key: `voice${i}`, label: `Voice ${i + 1}`, info: i % 3 ? '' : 'Heard or not.', group: 'Sound', choices: onOff, value: i % 4 ? 'enabled' : 'disabled' }));
  return [
    { key: 'region', label: 'Region', choices: choices('Auto', 'NTSC', 'PAL'), value: 'auto', group: 'Machine', info: 'Of the machine, not of yours. Some titles run too slow or too fast in the other one.' },
    { key: 'palette', label: 'Colours', choices: choices('As measured', 'Composite', 'Warm', 'Grey', 'As on the box'), value: 'composite', group: 'Picture', info: INFO },
    { key: 'overscan', label: 'Hide the edges', choices: onOff, value: 'enabled', group: 'Picture' },
    { key: 'long', label: 'A setting with a name that its author wanted to be clear, whatever the room (restart) <b>needed</b>', choices: choices('A choice that is no shorter than the name of what it is for', 'Other'), value: 'other', group: 'Picture', info: `${INFO}\n\n${INFO}` },
    ...voices,
    ...ports,
    { key: 'playfield/disk', label: 'Disk in the drive', choices: disks, value: '0' },
  ];
}
