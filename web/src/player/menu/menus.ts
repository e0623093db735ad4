// The menu and the pages under it: which one is open, and the way back.

import { learnLayout } from '../input/labels';
import type { Sheet } from '../sheet';
import { browserPage } from './browser';
import { controlsPage } from './controls';
import { Inviting } from './invite';
import { mainMenu, type PageName } from './main';
import type { MenuActions, MenuModel } from './model';
import { receiptBody } from '../receipt/view';
import { PeoplePage } from './people';
import { picturePage } from './picture';
import { page } from './rows';
import { Remap } from './remap';
import { StatesPage } from './states';
import { TitlePage } from './title';
import { touchPage } from './touch';

/** Pages that change what is seen: the sheet lets the picture through. */
const CLEAR: readonly PageName[] = ['title', 'picture', 'touch'];
const PARENTS: Record<PageName, PageName | null> = {
  save: null,
  load: null,
  title: null,
  picture: null,
  controls: null,
  browser: null,
  receipt: null,
  people: null,
  invite: 'people',
  remap: 'controls',
  touch: 'controls',
};

export class Menus {
  private page: PageName | null = null;
  private remap: Remap | null = null;
  private inviting: Inviting | null = null;
  private title: TitlePage | null = null;
  private people: PeoplePage | null = null;
  private states: StatesPage | null = null;

  constructor(
    private readonly sheet: Sheet,
    private readonly model: () => MenuModel,
    private readonly act: MenuActions,
  ) {}

  open(): void {
    this.remap = null;
    this.go(null, null);
  }

  /** What is shown may have changed: gamepads came or went. */
  refresh(): void {
    if (this.sheet.open && this.page !== null) this.show(true);
  }

  /** The title's settings are others now. */
  settingsTold(): void {
    this.title?.told();
    if (this.title) this.refresh();
  }

  /** Shows a page; coming back, the row that led there has the focus. */
  private go(page: PageName | null, from: PageName | null): void {
    this.leaveRemap();
    this.page = page;
    if (page === 'remap') this.beginRemap();
    this.inviting = page === 'invite' ? new Inviting(this.act, () => this.page === 'invite' && this.refresh()) : null;
    this.people = page === 'people' ? new PeoplePage(this.act, (key) => this.page === 'people' && this.redraw(key)) : null;
    this.states = page === 'save' || page === 'load' ? new StatesPage(page, this.act, (key) => (this.page === page ? this.redraw(key) : undefined)) : null;
    this.title = page === 'title' ? new TitlePage(this.act, (key) => this.redraw(key)) : null;
    this.show(false);
    if (from !== null) this.sheet.focusOn(`[data-page=${from}]`);
  }

  private show(again: boolean): void {
    const back = () => {
      if (this.title?.back() || this.people?.back()) return;
      if (this.page === null) this.act.resume();
      else this.go(PARENTS[this.page], this.page);
    };
    this.sheet.show(this.page === null ? 'Menu' : 'Settings', () => this.view(back), back, again);
    this.sheet.element.toggleAttribute('data-clear', this.page !== null && CLEAR.includes(this.page));
  }

  private view(back: () => void): HTMLElement {
    const model = this.model();
    const open = (page: PageName) => this.go(page, null);
    if (this.page === 'title') return this.title!.view(model, back);
    if (this.states) return this.states.view(back);
    if (this.page === 'picture') return picturePage(model, this.act, back);
    if (this.page === 'controls') return controlsPage(model, this.act, open, back);
    if (this.page === 'touch') return touchPage(model, this.act, back);
    if (this.page === 'people') return this.people!.view(model, open, back);
    if (this.page === 'invite') return this.inviting!.view(model, back);
    if (this.page === 'browser') return browserPage(back);
    if (this.page === 'receipt') return page('Where the time went', back, receiptBody(this.act.account()));
    if (this.page === 'remap') return this.remap!.view(model, back);
    return mainMenu(model, this.act, open);
  }

  private redraw(key: string | undefined): void {
    this.show(key === undefined);
    if (key) this.sheet.focusKey(key);
  }

  private beginRemap(): void {
    this.remap = new Remap(this.act, {
      refresh: () => this.refresh(),
      listenKey: (heard) => (this.sheet.capture = heard),
    });
    void learnLayout().then(() => this.refresh());
  }

  private leaveRemap(): void {
    this.sheet.capture = null;
    this.act.listenPad(null);
    this.remap = null;
  }
}
