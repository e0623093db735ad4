// The few HTTP calls the player makes, and the one shape of what can go wrong with them.

import type { ChangeViewer, Connected, CreatedInvite, CreatedSession, CreateInvite, CreateSession, EndReason, Invite, ProblemBody, Session, SessionReceipt, VideoMode } from '../api';

/** What says that a session cannot be come back to: it ended, or our token is of another server's life. */
const GONE = ['notFound', 'sessionEnded', 'badToken', 'forbidden'];

/** The server said no, and why. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    /** The kind of problem, in a word. */
    readonly kind: string,
    readonly detail: string,
    readonly reason: EndReason | null,
  ) {
    super(detail);
  }

  /** What was asked for is not there any more, or has ended. */
  get gone(): boolean {
    return GONE.includes(this.kind) || [404, 410].includes(this.status);
  }
}

/** The server could not be reached. */
export class Unreachable extends Error {}

export class Api {
  /** `origin`: of the server that runs the sessions. */
  constructor(readonly origin: string) {}

  create(body: CreateSession, key: string): Promise<CreatedSession> {
    return this.call('POST', '/api/v1/sessions', { body, headers: { 'Idempotency-Key': key } });
  }

  connect(id: string, token: string, offer: string, video: VideoMode): Promise<Connected> {
    return this.call('POST', `/api/v1/sessions/${encodeURIComponent(id)}/connections`, { body: { offer, video }, token });
  }

  session(id: string, token: string): Promise<Session> {
    return this.call('GET', `/api/v1/sessions/${encodeURIComponent(id)}`, { token });
  }

  receipt(id: string, token: string): Promise<SessionReceipt> {
    return this.call('GET', `/api/v1/sessions/${encodeURIComponent(id)}/receipt`, { token });
  }

  end(id: string, token: string): Promise<void> {
    return this.call('DELETE', `/api/v1/sessions/${encodeURIComponent(id)}`, { token, keepalive: true });
  }

  /** Leaves the session for good, where the token is the viewer's own: with the last who plays, it ends. The host's removes the viewer. */
  leave(id: string, viewer: string, token: string): Promise<void> {
    return this.call('DELETE', this.viewerOf(id, viewer), { token, keepalive: true });
  }

  /** Changes what somebody is, or what they are called. */
  change(id: string, viewer: string, token: string, body: ChangeViewer): Promise<void> {
    return this.call('PATCH', this.viewerOf(id, viewer), { body, token });
  }

  invite(id: string, token: string, body: CreateInvite, key: string): Promise<CreatedInvite> {
    return this.call('POST', this.invitesOf(id), { body, token, headers: { 'Idempotency-Key': key } });
  }

  invites(id: string, token: string): Promise<{ invites: Invite[] }> {
    return this.call('GET', this.invitesOf(id), { token });
  }

  takeBack(id: string, token: string, invite: string): Promise<void> {
    return this.call('DELETE', `${this.invitesOf(id)}/${encodeURIComponent(invite)}`, { token });
  }

  /** Saved states: GET all of them, PUT one into a slot, POST `SLOT/load`, DELETE one. */
  states<T>(id: string, token: string, method: string, path: string): Promise<T> {
    return this.call(method, `/api/v1/sessions/${encodeURIComponent(id)}/states${path}`, { token });
  }

  private viewerOf(id: string, viewer: string): string {
    return `/api/v1/sessions/${encodeURIComponent(id)}/viewers/${encodeURIComponent(viewer)}`;
  }

  private invitesOf(id: string): string {
    return `/api/v1/sessions/${encodeURIComponent(id)}/invites`;
  }

  private async call<T>(
    method: string,
    path: string,
    options: { body?: unknown; token?: string; headers?: Record<string, string>; keepalive?: boolean },
  ): Promise<T> {
    const headers: Record<string, string> = { Accept: 'application/json, application/problem+json', ...options.headers };
    if (options.body !== undefined) headers['Content-Type'] = 'application/json';
    if (options.token) headers.Authorization = `Bearer ${options.token}`;
    const body = options.body === undefined ? null : JSON.stringify(options.body);
    const request = { method, headers, body, keepalive: options.keepalive ?? false };
    const response = await fetch(this.origin + path, request).catch((error: Error) => {
      throw new Unreachable(`The server at ${this.origin} cannot be reached (${error.message}).`);
    });
    if (!response.ok) throw await problemOf(response);
    return (response.status === 204 ? undefined : await response.json().catch(() => undefined)) as T;
  }
}

async function problemOf(response: Response): Promise<ApiError> {
  const problem = (await response.json().catch(() => null)) as ProblemBody | null;
  const detail = problem?.detail || problem?.title || `The server answered ${response.status} ${response.statusText}.`;
  const kind = problem?.type?.split('#')[1] ?? '';
  return new ApiError(response.status, kind, detail, problem?.reason ?? null);
}
