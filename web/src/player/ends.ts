// What to say and offer when playing stops: one sentence, and always a way forward.

import type { EndReason } from '../api';

/** What a person can do next. */
export type Way = 'again' | 'retry' | 'reconnect' | 'signIn' | 'back';

export interface EndScreen {
  headline: string;
  sentence: string;
  ways: Way[];
  /** The last lines of a program that ended by a fault. */
  said?: string | null;
}

/** Faults that are not a session's end. */
export type Fault = 'unreachable' | 'lost' | 'blocked' | 'unknownTitle' | 'signIn' | 'unsupported' | 'noPicture' | 'refused';

const ENDS: Record<EndReason, EndScreen> = {
  applicationExit: { headline: 'That was it', sentence: 'The title has come to its end.', ways: ['again', 'back'] },
  apiTerminated: { headline: 'Session ended', sentence: 'Somebody ended this session.', ways: ['again', 'back'] },
  connectionTimeout: { headline: 'Too late', sentence: 'Nobody joined the session in time, so it was closed.', ways: ['again', 'back'] },
  reconnectionTimeout: { headline: 'Away too long', sentence: 'Nobody came back within the time it was kept, so the session was closed.', ways: ['again', 'back'] },
  idleTimeout: { headline: 'Still there?', sentence: 'Nobody touched anything for a while, so the session was closed.', ways: ['again', 'back'] },
  maxSessionLengthTimeout: { headline: 'Time is up', sentence: 'The session reached the longest time one may last here.', ways: ['again', 'back'] },
  placementTimeout: { headline: 'No room right now', sentence: 'No machine had room for another session; try again in a moment.', ways: ['retry', 'back'] },
  invalidSignalRequest: { headline: 'No common language', sentence: 'The server could not use what this browser offered; a newer browser may help.', ways: ['retry', 'back'] },
  guestTrap: { headline: 'The title crashed', sentence: 'It ran into a fault of its own; nothing is wrong with your side.', ways: ['again', 'back'] },
  guestHung: { headline: 'The title stopped responding', sentence: 'It took too long over a picture and was stopped.', ways: ['again', 'back'] },
  outOfMemory: { headline: 'Out of memory', sentence: 'The title needed more memory than it may have.', ways: ['again', 'back'] },
  badModule: { headline: 'It cannot run here', sentence: 'This title needs something that this server does not offer.', ways: ['back'] },
  kicked: { headline: 'You were removed', sentence: 'The host removed you from the session.', ways: ['back'] },
  inviteExpired: { headline: 'Your time is over', sentence: 'The time you were invited for is over.', ways: ['back'] },
  limitReached: { headline: 'Everything is taken', sentence: 'As many sessions are running as this server allows; try again when one has ended.', ways: ['retry', 'back'] },
  seatTaken: { headline: 'The seat is taken', sentence: 'Somebody else plays from your seat now; it may be free again later.', ways: ['retry', 'back'] },
  nodeStopping: { headline: 'The machine is stopping', sentence: 'The machine that ran this session is being shut down.', ways: ['again', 'back'] },
  internalError: { headline: 'Our fault', sentence: 'Something went wrong on the server, not on your side.', ways: ['again', 'back'] },
};

const FAULTS: Record<Fault, EndScreen> = {
  unreachable: { headline: 'No answer', sentence: 'The server cannot be reached; check the network and try again.', ways: ['retry', 'back'] },
  lost: { headline: 'Connection lost', sentence: 'The connection could not be made again in time.', ways: ['reconnect', 'again', 'back'] },
  blocked: { headline: 'No way through', sentence: 'The server answers, but no game data comes through; a firewall may be blocking UDP.', ways: ['retry', 'back'] },
  unknownTitle: { headline: 'No such title', sentence: 'There is no title at this address; it may have been removed.', ways: ['back'] },
  signIn: { headline: 'Please sign in', sentence: 'This server wants to know who plays.', ways: ['signIn', 'back'] },
  unsupported: { headline: 'This browser cannot play', sentence: 'It has no WebRTC, or it is switched off; another browser will do.', ways: ['back'] },
  noPicture: { headline: 'No common picture', sentence: 'This browser takes no H.264 video, which this title needs; another browser will do.', ways: ['back'] },
  refused: { headline: 'That did not work', sentence: 'The server refused to start a session.', ways: ['retry', 'back'] },
};

/** The labels of the buttons. */
export const WAYS: Record<Way, string> = {
  again: 'Play again',
  retry: 'Try again',
  reconnect: 'Reconnect',
  signIn: 'Sign in',
  back: 'Back to catalogue',
};

/** Every reason there is, for the test that none lacks a way forward. */
export const REASONS = Object.keys(ENDS) as EndReason[];

/** What to show when a session has ended. The server's own sentence says more than ours, so it goes first. */
export function endScreen(reason: EndReason, detail: string | null): EndScreen {
  const screen = ENDS[reason] ?? ENDS.internalError;
  return { ...screen, sentence: detail?.trim() || screen.sentence };
}

export function faultScreen(fault: Fault, detail: string | null): EndScreen {
  const screen = FAULTS[fault];
  return { ...screen, sentence: detail?.trim() || screen.sentence };
}
