// "Where the time went": the parts of a picture's time at the median and at the slow end, and how the whole is spread.

import type { Account, SessionReceipt } from '../../api';
import { h } from '../dom';
import { columnsOf, place, sharesOf, ticksOf, type Share } from './shares';

const COLUMNS = 44;

/** What can be unfolded under an end screen. */
export function receiptFold(account: () => Promise<SessionReceipt>): HTMLElement {
  const body = h('div', {});
  const button = h('button', { class: 'fold', type: 'button', aria: { expanded: 'false' } }, 'Where the time went');
  button.addEventListener('click', () => {
    const open = body.childElementCount === 0;
    button.setAttribute('aria-expanded', String(open));
    body.replaceChildren(...(open ? [receiptBody(account)] : []));
  });
  return h('div', { class: 'folded' }, button, body);
}

/** Filled once the answer came. */
export function receiptBody(account: (() => Promise<SessionReceipt>) | null): HTMLElement {
  const body = h('div', { class: 'receipt-body', aria: { live: 'polite', busy: 'true' } }, h('p', { class: 'receipt-note' }, 'Asking the server…'));
  const fill = (...content: HTMLElement[]) => {
    body.setAttribute('aria-busy', 'false');
    body.replaceChildren(...content);
  };
  const failed = (error: Error) => fill(h('p', { class: 'receipt-note' }, error.message || 'The server did not say.'));
  account?.().then((receipt) => fill(receiptView(receipt), footer(receipt)), failed);
  return body;
}

/** The drawing alone. */
export function receiptView(account: Account): HTMLElement {
  const total = account.stages.find(({ name }) => name === 'total') ?? null;
  const shares = sharesOf(account.stages);
  if (account.stages.length === 0) return h('p', { class: 'receipt-note' }, account.verdict);
  const [p50, p95] = [total?.p50_ms ?? sum(shares, 'p50Ms'), total?.p95_ms ?? sum(shares, 'p95Ms')];
  const histogram = account.histograms.find(({ name }) => name === 'total') ?? account.histograms.find(({ name }) => name === 'picture');
  return h(
    'div',
    { class: 'receipt' },
    bar('Half of the pictures within', p50, shares, 'p50Ms', p50 / p95),
    bar('95 % within', p95, shares, 'p95Ms', 1),
    legend(shares),
    ...(histogram ? [spread(columnsOf(histogram, COLUMNS), p50, p95)] : []),
  );
}

function bar(label: string, ms: number, shares: readonly Share[], of: 'p50Ms' | 'p95Ms', width: number): HTMLElement {
  const all = sum(shares, of) || 1;
  const pieces = shares.map((share) => {
    const piece = h('i', { title: `${share.name}: ${share[of].toFixed(1)} ms` });
    piece.dataset.part = share.part;
    piece.style.flexGrow = String(share[of] / all);
    return piece;
  });
  const line = h('div', { class: 'receipt-bar' }, ...pieces);
  // Quantiles do not add up, so the pieces are shares of what was measured as a whole.
  line.style.width = `${Math.max(2, Math.min(100, width * 100))}%`;
  return h('div', { class: 'receipt-row' }, h('span', {}, label), h('strong', {}, `${ms.toFixed(1)} ms`), line);
}

function legend(shares: readonly Share[]): HTMLElement {
  const rows = shares.map((share) => {
    const swatch = h('i', {});
    swatch.dataset.part = share.part;
    return h('tr', {}, h('th', {}, swatch, share.name), h('td', {}, share.p50Ms.toFixed(1)), h('td', {}, share.p95Ms.toFixed(1)));
  });
  return h('table', { class: 'receipt-parts' }, h('tr', {}, h('th', {}, 'ms'), h('td', {}, 'p50'), h('td', {}, 'p95')), ...rows);
}

function spread({ counts, fromUs, toUs }: ReturnType<typeof columnsOf>, p50: number, p95: number): HTMLElement {
  const most = Math.max(...counts, 1e-9);
  const at = (ms: number) => `${place(ms * 1000, fromUs, toUs) * 100}%`;
  const columns = counts.map((count) => {
    const column = h('i', {});
    column.style.height = count > 0 ? `max(2px, ${(count / most) * 100}%)` : '0';
    return column;
  });
  const marks = [p50, p95].map((ms, i) => {
    const mark = h('b', {}, i === 0 ? 'p50' : 'p95');
    mark.style.left = at(ms);
    mark.toggleAttribute('data-late', place(ms * 1000, fromUs, toUs) > 0.88);
    return mark;
  });
  const ticks = ticksOf(fromUs, toUs).map((ms) => {
    const tick = h('span', {}, String(ms));
    tick.style.left = at(ms);
    return tick;
  });
  // Two marks on one place say one thing.
  const apart = place(p95 * 1000, fromUs, toUs) - place(p50 * 1000, fromUs, toUs) > 0.09;
  return h(
    'figure',
    { class: 'receipt-spread', aria: { role: 'img', label: `From input to picture: half within ${p50.toFixed(1)} ms, 95 % within ${p95.toFixed(1)} ms` } },
    h('div', { class: 'receipt-columns' }, ...columns, ...marks.slice(0, apart ? 2 : 1)),
    h('div', { class: 'receipt-axis' }, ...ticks),
    h('figcaption', {}, 'From your input to the picture, in ms'),
  );
}

function footer(receipt: SessionReceipt): HTMLElement {
  const notes = [
    `${receipt.pictures.toLocaleString('en')} pictures`,
    ...(receipt.clock_error_ms === null ? [] : [`clocks within ${receipt.clock_error_ms.toFixed(1)} ms`]),
    ...(receipt.complete ? [] : [receipt.ended_ms === null ? 'so far' : 'the last moments are missing']),
  ];
  const button = h('button', { class: 'receipt-save', type: 'button', on: { click: () => save(receipt) } }, 'Save as JSON');
  return h('div', { class: 'receipt-foot' }, h('span', {}, notes.join(' · ')), button);
}

/** The address needs a token, which a link cannot carry. */
function save(receipt: SessionReceipt): void {
  const href = URL.createObjectURL(new Blob([JSON.stringify(receipt, null, 1)], { type: 'application/json' }));
  h('a', { href, download: `receipt-${receipt.session}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}

function sum(shares: readonly Share[], of: 'p50Ms' | 'p95Ms'): number {
  return shares.reduce((all, share) => all + share[of], 0);
}
