// Which page is shown: the address is the truth, and moving between pages keeps the document.

import { routeOf, type Route } from './route';

class Router {
  route = $state<Route>(routeOf(new URL(location.href)));
  /** When the person asked for this page, in ms of `performance.now()`; 0 is when the document was asked for. */
  askedAt = 0;

  constructor() {
    addEventListener('popstate', (event) => this.show(event.timeStamp));
    // Another link put into the address bar.
    addEventListener('hashchange', (event) => this.show(event.timeStamp));
  }

  go(path: string, askedAt = performance.now(), replace = false): void {
    if (replace) history.replaceState(null, '', path);
    else history.pushState(null, '', path);
    this.show(askedAt);
  }

  private show(askedAt: number): void {
    this.askedAt = askedAt;
    this.route = routeOf(new URL(location.href));
  }
}

export const router = new Router();
