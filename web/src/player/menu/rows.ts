// The rows that the menu and its pages are made of: each a line with a name, and at its end what it is now.

import { h } from '../dom';

/** A row that does something. */
export function row(label: string, press: () => void, value = ''): HTMLButtonElement {
  const button = h('button', { class: 'row', type: 'button', on: { click: press } }, label);
  if (value) button.append(h('span', { class: 'value' }, value));
  return button;
}

/** A row that leads to another page. */
export function pageRow<T extends string>(label: string, to: T, open: (page: T) => void, value = ''): HTMLButtonElement {
  const button = row(label, () => open(to), value || ' ');
  button.classList.add('leads');
  button.dataset.page = to;
  return button;
}

/** Something that is on or off. */
export function switchRow(label: string, on: boolean, set: (on: boolean) => void): HTMLButtonElement {
  const button = h('button', { class: 'row', type: 'button', aria: { role: 'switch', checked: String(on) } }, label, h('i', { class: 'switch', aria: { hidden: 'true' } }));
  button.addEventListener('click', () => {
    const next = button.getAttribute('aria-checked') !== 'true';
    button.setAttribute('aria-checked', String(next));
    set(next);
  });
  return button;
}

export interface Choice<T extends string> {
  value: T;
  label: string;
  disabled?: boolean;
}

/** One of a few. */
export function choiceRow<T extends string>(label: string, choices: readonly Choice<T>[], chosen: T, pick: (value: T) => void): HTMLElement {
  const press = (value: T) => {
    buttons.forEach((button, i) => button.setAttribute('aria-pressed', String(choices[i]!.value === value)));
    pick(value);
  };
  const buttons = choices.map((choice) =>
    h('button', { type: 'button', disabled: choice.disabled ?? false, aria: { pressed: String(choice.value === chosen) }, on: { click: () => press(choice.value) } }, choice.label),
  );
  return h('div', { class: 'row choice', aria: { role: 'group', label } }, h('span', {}, label), h('span', { class: 'segments' }, ...buttons));
}

/** How much, in percent. `text` says what it is now. */
export function sliderRow(label: string, percent: number, least: number, set: (percent: number) => void, text = (now: number) => `${now} %`): HTMLElement {
  const slider = h('input', {
    type: 'range',
    min: String(least),
    max: '100',
    step: '5',
    value: String(Math.round(percent)),
    aria: { label },
    on: {
      input: () => {
        set(slider.valueAsNumber);
        value.textContent = text(slider.valueAsNumber);
      },
    },
  });
  const value = h('span', { class: 'value' }, text(Math.round(percent)));
  return h('label', { class: 'row slider' }, label, slider, value);
}

export function hint(text: string): HTMLElement {
  return h('p', { class: 'hint' }, text);
}

/** A page under the menu: the way back, its name, and rows. */
export function page(name: string, back: () => void, ...content: Node[]): HTMLElement {
  const head = h('button', { class: 'row back', type: 'button', aria: { label: `Back, ${name}` }, on: { click: back } }, h('h2', {}, name));
  return h('div', { class: 'card menu page' }, head, ...content);
}
