// Getting into a session: back into the one this tab had, or into a new one.

import type { ChangeViewer, CreatedInvite, CreateInvite, InputKind, Invite, Session, SessionReceipt, VideoMode } from '../api';
import { ApiError, type Api } from './http';
import { forgetTicket, keepTicket, profile, randomText, takeOtherTickets, ticketOf, type Ticket } from './storage';

export interface Entered {
  ticket: Ticket;
  session: Session | null;
  answer: string;
  /** How often the session had moved when this was answered. */
  resumes: number;
  /** What of our input reaches the title. */
  input: InputKind[];
  keysAsPad: boolean;
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
      if (kept.role !== 'host') throw await this.gone(kept, error);
      const notice = await this.farewell(kept);
      forgetTicket(this.title);
      return { ...(await this.create(offer, video)), notice };
    }
  }

  /** Back into a running session over a new connection. */
  async resume(ticket: Ticket, offer: string, video: VideoMode): Promise<Omit<Entered, 'notice'>> {
    const { answer, resumes, input, keys_as_pad: keysAsPad } = await this.api.connect(ticket.session, ticket.token, offer, video);
    // Who watches has nothing to say to the title, whatever it understands.
    return { ticket, session: null, answer, resumes, input: ticket.role === 'spectator' ? [] : input, keysAsPad };
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

  /** Ends the session for good, where it is ours; else leaves it. */
  async end(ticket: Ticket): Promise<void> {
    this.forget();
    if (ticket.role === 'host') await this.api.end(ticket.session, ticket.token);
    else await this.part(ticket);
  }

  /** Leaves for good; others who play go on. */
  async leave(ticket: Ticket): Promise<void> {
    this.forget();
    await this.part(ticket);
  }

  /** Makes a link for somebody else; answers with its address. */
  async invite(ticket: Ticket, wanted: CreateInvite): Promise<CreatedInvite> {
    const created = await this.api.invite(ticket.session, ticket.token, wanted, randomText(16));
    return { ...created, path: new URL(created.path, this.api.origin).href };
  }

  async invites(ticket: Ticket): Promise<Invite[]> {
    return (await this.api.invites(ticket.session, ticket.token)).invites;
  }

  takeBack(ticket: Ticket, invite: string): Promise<void> {
    return this.api.takeBack(ticket.session, ticket.token, invite);
  }

  /** Changes what somebody is; ourselves we may only rename. */
  change(ticket: Ticket, viewer: string, change: ChangeViewer): Promise<void> {
    return this.api.change(ticket.session, viewer, ticket.token, change);
  }

  remove(ticket: Ticket, viewer: string): Promise<void> {
    return this.api.leave(ticket.session, viewer, ticket.token);
  }

  /** Asks about saved states, as the API does. */
  states<T>({ session, token }: Ticket, method: string, path = ''): Promise<T> {
    return this.api.states(session, token, method, path);
  }

  /** We are something else in the session now. */
  keep(ticket: Ticket): void {
    keepTicket(this.title, ticket);
  }

  private part(ticket: Ticket): Promise<void> {
    return this.api.leave(ticket.session, ticket.viewer, ticket.token);
  }

  /** Who came by a link gets no session of their own in place of one that is over. */
  private async gone(ticket: Ticket, error: ApiError): Promise<ApiError> {
    const session = await this.state(ticket).catch(() => null);
    forgetTicket(this.title);
    const detail = session?.detail ?? (error.reason ? error.detail : null) ?? 'You are no longer in this session; whoever invited you can send another link.';
    return new ApiError(error.status, error.kind, detail, session?.reason ?? error.reason ?? 'reconnectionTimeout');
  }

  private async create(offer: string, video: VideoMode): Promise<Omit<Entered, 'notice'>> {
    // One tab plays one title: what it played before makes room.
    const ending = takeOtherTickets(this.title).map((other) => this.part(other).catch(() => {}));
    const key = randomText(16);
    const create = () => this.api.create({ title: this.title, offer, profile: profile(), video }, key);
    const created = await create().catch(async (error: unknown) => {
      if (!(error instanceof ApiError && error.reason === 'limitReached') || ending.length === 0) throw error;
      await Promise.all(ending);
      return create();
    });
    if (!created.answer) throw new ApiError(502, 'refused', 'The server started a session but did not answer our offer.', 'invalidSignalRequest');
    const ticket = { session: created.session.id, viewer: created.viewer.id, token: created.viewer.token, role: created.viewer.role };
    keepTicket(this.title, ticket);
    const { session, answer, input, keys_as_pad: keysAsPad } = created;
    return { ticket, session, answer, resumes: session.resumes, input, keysAsPad };
  }

  private async farewell(ticket: Ticket): Promise<string> {
    const session = await this.state(ticket).catch(() => null);
    const why = session?.detail ? ` (${session.detail.replace(/\.$/, '')})` : '';
    return `Your earlier session has ended${why}, so this is a new one.`;
  }
}
