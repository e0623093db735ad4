// Getting into a session: back into the one this tab had, or into a new one.

import type { Session, SessionReceipt, VideoMode } from '../api';
import { ApiError, type Api } from './http';
import { forgetTicket, keepTicket, profile, randomText, takeOtherTickets, ticketOf, type Ticket } from './storage';

export interface Entered {
  ticket: Ticket;
  session: Session | null;
  answer: string;
  /** How often the session had moved when this was answered. */
  resumes: number;
  /** Worth telling: the earlier session could not be resumed. */
  notice: string | null;
}

export class Sessions {
  constructor(
    private readonly api: Api,
    private readonly title: string,
  ) {}

  /** Back to the session of this tab if it still runs, else a new one. `offer` is used either way. */
  async enter(offer: string, video: VideoMode): Promise<Entered> {
    const kept = ticketOf(this.title);
    if (!kept) return { ...(await this.create(offer, video)), notice: null };
    try {
      return { ...(await this.resume(kept, offer, video)), notice: null };
    } catch (error) {
      if (!(error instanceof ApiError && error.gone)) throw error;
      const notice = await this.farewell(kept);
      forgetTicket(this.title);
      return { ...(await this.create(offer, video)), notice };
    }
  }

  /** Back into a running session over a new connection. */
  async resume(ticket: Ticket, offer: string, video: VideoMode): Promise<Omit<Entered, 'notice'>> {
    const { answer, resumes } = await this.api.connect(ticket.session, ticket.token, offer, video);
    return { ticket, session: null, answer, resumes };
  }

  /** What became of a session. */
  state(ticket: Ticket): Promise<Session> {
    return this.api.session(ticket.session, ticket.token);
  }

  /** Where the time of its pictures went. */
  receipt(ticket: Ticket): Promise<SessionReceipt> {
    return this.api.receipt(ticket.session, ticket.token);
  }

  forget(): void {
    forgetTicket(this.title);
  }

  /** Ends the session for good. */
  async end(ticket: Ticket): Promise<void> {
    this.forget();
    await this.api.end(ticket.session, ticket.token);
  }

  private async create(offer: string, video: VideoMode): Promise<Omit<Entered, 'notice'>> {
    // One tab plays one title: what it played before makes room.
    const ending = takeOtherTickets(this.title).map((other) => this.api.end(other.session, other.token).catch(() => {}));
    const key = randomText(16);
    const create = () => this.api.create({ title: this.title, offer, profile: profile(), video }, key);
    const created = await create().catch(async (error: unknown) => {
      if (!(error instanceof ApiError && error.reason === 'limitReached') || ending.length === 0) throw error;
      await Promise.all(ending);
      return create();
    });
    if (!created.answer) throw new ApiError(502, 'refused', 'The server started a session but did not answer our offer.', 'invalidSignalRequest');
    const ticket = { session: created.session.id, viewer: created.viewer.id, token: created.viewer.token };
    keepTicket(this.title, ticket);
    return { ticket, session: created.session, answer: created.answer, resumes: created.session.resumes };
  }

  private async farewell(ticket: Ticket): Promise<string> {
    const session = await this.state(ticket).catch(() => null);
    const why = session?.detail ? ` (${session.detail.replace(/\.$/, '')})` : '';
    return `Your earlier session has ended${why}, so this is a new one.`;
  }
}
