// Questions to the server that are answered with JSON, or with a problem (RFC 9457) that says what was wrong.

export class Refused extends Error {
  constructor(
    readonly status: number,
    sentence: string,
  ) {
    super(sentence);
  }
}

export async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  const answer = await fetch(path, { headers: init.body ? { 'content-type': 'application/json' } : {}, ...init });
  if (answer.ok) return answer.status === 204 ? (undefined as T) : ((await answer.json()) as T);
  const problem = (await answer.json().catch(() => ({}))) as { detail?: string; title?: string };
  throw new Refused(answer.status, problem.detail ?? problem.title ?? `The server answered ${answer.status}.`);
}
