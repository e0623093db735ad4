// The screen after the end: what happened in one sentence, and buttons that lead on.

import type { SessionReceipt } from '../api';
import { h } from './dom';
import { WAYS, type EndScreen, type Way } from './ends';
import { receiptFold } from './receipt/view';

/** `account` asks where the time of the session went; null where there was none. */
export function endView(screen: EndScreen, ways: Way[], take: (way: Way) => void, account: (() => Promise<SessionReceipt>) | null): HTMLElement {
  const buttons = ways.map((way, i) =>
    h('button', { class: i === 0 ? 'big primary' : 'big', type: 'button', on: { click: () => take(way) } }, WAYS[way]),
  );
  return h(
    'div',
    { class: 'card end', aria: { live: 'polite' } },
    h('h2', {}, screen.headline),
    h('p', {}, screen.sentence),
    ...(screen.said ? [h('pre', { class: 'said', tabIndex: 0, aria: { label: 'The last lines it wrote' } }, screen.said)] : []),
    h('div', { class: 'ways' }, ...buttons),
    ...(account ? [receiptFold(account)] : []),
  );
}
