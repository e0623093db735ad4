// Where the picture is: in its page, over the whole screen, or in a small window of its own.

import { Pip, canPip, type PipHooks } from './pip';
import type { Surface } from './surface';

export class Windows {
  private readonly pip: Pip;

  constructor(
    private readonly host: HTMLElement,
    stage: HTMLElement,
    private readonly surface: Surface,
    private readonly tell: (text: string) => void,
    hooks: PipHooks,
  ) {
    this.pip = new Pip(stage, hooks);
  }

  /** Lies where the picture was while it is away. */
  get element(): HTMLElement {
    return this.pip.element;
  }

  /** Whether the picture is in a window of its own; null where that cannot be. */
  get small(): boolean | null {
    return canPip() ? this.pip.open : null;
  }

  get full(): boolean {
    return (this.host.getRootNode() as Document | ShadowRoot).fullscreenElement === this.host;
  }

  /** `keys`: the title reads keys, so Escape should reach it. */
  toggleFull(keys: boolean): void {
    if (this.full) return void document.exitFullscreen();
    const locked = { navigationUI: 'hide', keyboardLock: 'browser' } as FullscreenOptions;
    const refused = () => this.tell('This browser does not allow full screen here.');
    if (!this.host.requestFullscreen) return refused();
    this.host.requestFullscreen(locked).catch(refused);
    const { keyboard } = navigator as Navigator & { keyboard?: { lock?(keys: string[]): Promise<void> } };
    if (keys) keyboard?.lock?.(['Escape']).catch(() => {});
  }

  async toggleSmall(): Promise<void> {
    if (this.pip.open) return this.pip.close();
    if (this.full) await document.exitFullscreen().catch(() => {});
    try {
      await this.pip.show(this.surface.element, this.surface.shape);
    } catch (error) {
      // A gamepad's press is no permission for browsers; a click or a key is.
      const why = (error as DOMException).name === 'NotAllowedError' ? 'The browser wants a click or a key for that; choose it again with one.' : 'This browser does not open a small window here.';
      this.tell(why);
    }
  }

  closeSmall(): void {
    this.pip.close();
  }
}
