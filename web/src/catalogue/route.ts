// Addresses and the pages they stand for.

export type Route =
  | { page: 'home' }
  | { page: 'play'; title: string }
  | { page: 'signIn'; next: string }
  | { page: 'join'; token: string }
  | { page: 'test' }
  | { page: 'beCamera'; token: string }
  | { page: 'cameras' }
  | { page: 'camera'; id: string }
  | { page: 'joinCamera' }
  | { page: 'rules'; id?: string }
  | { page: 'lost' };

/** The page an address stands for. */
export function routeOf(url: URL): Route {
  const parts = url.pathname.split('/').filter(Boolean);
  if (parts.length === 0) return { page: 'home' };
  if (parts.length === 2 && parts[0] === 'play') return { page: 'play', title: decodeURIComponent(parts[1]!) };
  if (parts.length === 1 && parts[0] === 'sign-in') return { page: 'signIn', next: safeNext(url.searchParams.get('next')) };
  if (parts.length === 1 && parts[0] === 'test') return { page: 'test' };
  if (parts.length === 1 && parts[0] === 'camera') return { page: 'beCamera', token: url.hash.slice(1) };
  if (parts.length === 1 && parts[0] === 'cameras') return { page: 'cameras' };
  if (parts.length === 2 && parts[0] === 'cameras' && parts[1] === 'join') return { page: 'joinCamera' };
  if (parts[0] === 'cameras' && parts[1] === 'rules' && parts.length < 4) return { page: 'rules', ...(parts[2] && { id: decodeURIComponent(parts[2]) }) };
  if (parts.length === 2 && parts[0] === 'cameras') return { page: 'camera', id: decodeURIComponent(parts[1]!) };
  if (parts.length === 1 && parts[0] === 'join') return { page: 'join', token: url.hash.slice(1) };
  return { page: 'lost' };
}

/** Where to go after signing in: only to a page of ours. */
export function safeNext(next: string | null): string {
  return next?.startsWith('/') && !next.startsWith('//') && !next.includes('\\') ? next : '/';
}
