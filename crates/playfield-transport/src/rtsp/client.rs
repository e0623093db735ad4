//! The machine of a camera's connection.

use std::collections::VecDeque;
use std::time::Duration;

use playfield_core::camera::UrlParts;
use playfield_core::time::Time;

use super::auth::Challenge;
use super::message::{Answer, Incoming, Reader};
use super::{Depacketizer, Media, Packet, RtspError, Unit};

/// How long a camera may take to answer, and to be connected to.
const ANSWERS: Duration = Duration::from_secs(10);
/// How long to wait before it is tried again: twice as long each time, up to the most.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const MOST_PAUSE: Duration = Duration::from_secs(60);
/// A connection that gave pictures for so long has earned another quick try.
const WELL: Duration = Duration::from_secs(10);
/// What a session lasts where the camera does not say (RFC 2326, 12.37), and the least that is believed.
const SESSION: u64 = 60;
const LEAST_SESSION: u64 = 10;

/// What a [`Client`] is told.
#[derive(Debug)]
pub enum Input<'a> {
    /// There is a connection.
    Connected,
    /// Bytes came.
    Bytes(&'a [u8]),
    /// The connection ended, or there is none to be had, and why.
    Gone(String),
    /// Its pictures are of no use: begin anew.
    Again,
    /// Time has passed.
    Timeout,
}

/// What a [`Client`] wants done, and what it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Connect.
    Connect,
    /// Send bytes.
    Send(Vec<u8>),
    /// Close the connection, if there is one. Nothing of it is told any more.
    Close,
    /// A coded picture.
    Unit(Unit),
    /// It begins to give pictures.
    Playing(Media),
    /// There are none, and why; it is tried again by itself.
    Trouble(RtspError),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Pausing,
    Connecting,
    Asked(Step),
    Playing { since: Time },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Options,
    Describe,
    Setup,
    Play,
}

/// The machine: feed it with [`Client::handle`], then take everything [`Client::poll`] has, before it is fed again.
pub struct Client {
    url: UrlParts,
    own: u64,
    state: State,
    until: Time,
    pause: Duration,
    reader: Reader,
    out: VecDeque<Output>,
    sequence: u32,
    /// What was asked last, to be asked again with a login.
    asked: (&'static str, String),
    challenge: Option<Challenge>,
    /// Requests with this challenge, and whether the last one had it.
    answered: u32,
    tried_login: bool,
    session: Option<String>,
    lives: Duration,
    knows_get_parameter: bool,
    media: Option<Media>,
    whole: String,
    depacketizer: Option<Depacketizer>,
    channel: u8,
    /// A keep-alive waits for its answer.
    keeping: bool,
}

impl Client {
    /// A client for what lies at this URL, that wants to connect at once. `own`: random, for digests.
    pub fn new(now: Time, url: UrlParts, own: u64) -> Client {
        let mut client = Client {
            whole: url.asked.clone(),
            url,
            own,
            state: State::Pausing,
            until: now,
            pause: FIRST_PAUSE,
            reader: Reader::default(),
            out: VecDeque::new(),
            sequence: 0,
            asked: ("", String::new()),
            challenge: None,
            answered: 0,
            tried_login: false,
            session: None,
            lives: Duration::from_secs(SESSION),
            knows_get_parameter: false,
            media: None,
            depacketizer: None,
            channel: 0,
            keeping: false,
        };
        client.handle(now, Input::Timeout);
        client
    }

    /// When [`Input::Timeout`] is due.
    pub fn next_timeout(&self) -> Time {
        self.until
    }

    /// What it wants next.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// Tells it what happened.
    pub fn handle(&mut self, now: Time, input: Input<'_>) {
        match (input, &self.state) {
            (Input::Connected, State::Connecting) => self.ask(now, Step::Options),
            (Input::Bytes(bytes), State::Asked(_) | State::Playing { .. }) => {
                if let Err(error) = self.read(now, bytes) {
                    self.fail(now, error);
                }
            }
            (Input::Gone(why), State::Connecting | State::Asked(_) | State::Playing { .. }) => {
                self.fail(now, RtspError::Gone(why));
            }
            // Whoever asks for it knows why.
            (Input::Again, State::Playing { .. }) => self.leave(now),
            (Input::Timeout, _) if now < self.until => {}
            (Input::Timeout, State::Pausing) => {
                self.reset();
                self.state = State::Connecting;
                self.until = now + ANSWERS;
                self.out.push_back(Output::Connect);
            }
            (Input::Timeout, State::Playing { .. }) if !self.keeping => self.keep_alive(now),
            (Input::Timeout, _) => self.fail(now, RtspError::Silent),
            _ => {}
        }
    }

    fn reset(&mut self) {
        self.reader = Reader::default();
        (self.session, self.media, self.depacketizer) = (None, None, None);
        (self.challenge, self.answered, self.tried_login, self.keeping) = (None, 0, false, false);
        (self.lives, self.knows_get_parameter) = (Duration::from_secs(SESSION), false);
    }

    /// Lets go of the connection, and says why.
    fn fail(&mut self, now: Time, error: RtspError) {
        // Cameras lock out who tries wrong passwords too often.
        if matches!(error, RtspError::Login | RtspError::NoLogin) {
            self.pause = MOST_PAUSE;
        }
        self.leave(now);
        self.out.push_back(Output::Trouble(error));
    }

    /// Lets go of the connection, and tries again after a pause.
    fn leave(&mut self, now: Time) {
        if let State::Playing { since } = self.state
            && now.since(since) > WELL
        {
            self.pause = FIRST_PAUSE;
        }
        self.state = State::Pausing;
        self.until = now + self.pause;
        self.pause = (self.pause * 2).min(MOST_PAUSE);
        self.out.push_back(Output::Close);
    }

    fn ask(&mut self, now: Time, step: Step) {
        let (method, uri, more) = match step {
            Step::Options => ("OPTIONS", self.url.asked.clone(), String::new()),
            Step::Describe => ("DESCRIBE", self.url.asked.clone(), "Accept: application/sdp\r\n".to_owned()),
            Step::Setup => {
                let control = self.media.as_ref().map_or_else(String::new, |media| media.control.clone());
                ("SETUP", control, "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n".to_owned())
            }
            Step::Play => ("PLAY", self.whole.clone(), "Range: npt=0.000-\r\n".to_owned()),
        };
        self.state = State::Asked(step);
        self.until = now + ANSWERS;
        self.tried_login = false;
        self.send(method, uri, &more);
    }

    fn send(&mut self, method: &'static str, uri: String, more: &str) {
        self.sequence = self.sequence.wrapping_add(1);
        let mut text = format!("{method} {uri} RTSP/1.0\r\nCSeq: {}\r\nUser-Agent: Playfield\r\n", self.sequence);
        if let Some(session) = &self.session {
            text.push_str(&format!("Session: {session}\r\n"));
        }
        if let (Some(challenge), Some(login)) = (&self.challenge, &self.url.login) {
            self.answered += 1;
            let answer = challenge.answer(login, method, &uri, self.answered, self.own);
            text.push_str(&format!("Authorization: {answer}\r\n"));
        }
        text.push_str(more);
        text.push_str("\r\n");
        self.asked = (method, uri);
        self.out.push_back(Output::Send(text.into_bytes()));
    }

    fn keep_alive(&mut self, now: Time) {
        let method = if self.knows_get_parameter { "GET_PARAMETER" } else { "OPTIONS" };
        self.until = now + ANSWERS;
        (self.keeping, self.tried_login) = (true, false);
        self.send(method, self.whole.clone(), "");
    }

    fn read(&mut self, now: Time, bytes: &[u8]) -> Result<(), RtspError> {
        self.reader.push(bytes);
        while let Some(incoming) = self.reader.next()? {
            match incoming {
                Incoming::Data(channel, data) => self.data(channel, &data),
                Incoming::Answer(answer) => self.answer(now, &answer)?,
                Incoming::Asked => {}
            }
        }
        Ok(())
    }

    fn data(&mut self, channel: u8, data: &[u8]) {
        let (Some(depacketizer), true) = (&mut self.depacketizer, channel == self.channel) else { return };
        if let Some(packet) = Packet::read(data) {
            let out = &mut self.out;
            depacketizer.push(&packet, &mut |unit| out.push_back(Output::Unit(unit)));
        }
    }

    fn answer(&mut self, now: Time, answer: &Answer) -> Result<(), RtspError> {
        // One to another request is late.
        if answer.one("CSeq").and_then(|number| number.parse().ok()) != Some(self.sequence) {
            return Ok(());
        }
        if answer.status == 100 {
            return Ok(());
        }
        if answer.status == 401 {
            return self.login(now, answer);
        }
        let step = match self.state {
            State::Asked(step) => step,
            _ => {
                // What a keep-alive is answered with is all the same: the camera is there.
                (self.keeping, self.until) = (false, now + self.lives / 2);
                return Ok(());
            }
        };
        if !(200..300).contains(&answer.status) && step != Step::Options {
            let said = format!("{} {}", answer.status, answer.reason);
            return Err(RtspError::Refused(self.asked.0, said.trim_end().to_owned()));
        }
        match step {
            Step::Options => {
                let mut methods = answer.all("Public").flat_map(|value| value.split(','));
                self.knows_get_parameter = methods.any(|method| method.trim().eq_ignore_ascii_case("GET_PARAMETER"));
                self.ask(now, Step::Describe);
            }
            Step::Describe => {
                let base = answer.one("Content-Base").or(answer.one("Content-Location"));
                let base = base.filter(|base| is_uri(base)).unwrap_or(&self.url.asked).to_owned();
                let (media, whole) = Media::choose(&answer.body, &base)?;
                (self.media, self.whole) = (Some(media), whole);
                self.ask(now, Step::Setup);
            }
            Step::Setup => {
                self.set_up(answer)?;
                self.ask(now, Step::Play);
            }
            Step::Play => {
                let media = self.media.clone().ok_or(RtspError::Garbage("nothing was set up"))?;
                self.depacketizer = Some(Depacketizer::new(&media));
                self.state = State::Playing { since: now };
                self.until = now + self.lives / 2;
                self.out.push_back(Output::Playing(media));
            }
        }
        Ok(())
    }

    fn set_up(&mut self, answer: &Answer) -> Result<(), RtspError> {
        let session = answer.one("Session").ok_or(RtspError::Garbage("it gives no session"))?;
        let mut parts = session.split(';').map(str::trim);
        let id = parts
            .next()
            .filter(|id| !id.is_empty() && id.len() <= 256 && id.bytes().all(|byte| byte.is_ascii_graphic()));
        self.session = Some(id.ok_or(RtspError::Garbage("its session has no id"))?.to_owned());
        let timeout = parts.find_map(|part| part.strip_prefix("timeout=")?.parse().ok()).unwrap_or(SESSION);
        self.lives = Duration::from_secs(timeout.clamp(LEAST_SESSION, 600));
        let transport = answer.one("Transport").unwrap_or_default();
        let interleaved = transport.split(';').find_map(|part| part.trim().strip_prefix("interleaved="));
        let channel = interleaved.and_then(|channels| channels.split('-').next()?.trim().parse().ok());
        self.channel = channel.ok_or(RtspError::Garbage("it does not send pictures over the RTSP connection"))?;
        Ok(())
    }

    /// Asks the same again, with a login.
    fn login(&mut self, now: Time, answer: &Answer) -> Result<(), RtspError> {
        if self.url.login.is_none() {
            return Err(RtspError::NoLogin);
        }
        // A new nonce is worth another try, the same login with it twice is not.
        if self.tried_login {
            return Err(RtspError::Login);
        }
        let challenge = Challenge::best(answer.all("WWW-Authenticate"));
        self.challenge = Some(challenge.ok_or(RtspError::Garbage("it wants a login of a kind that is not known"))?);
        self.answered = 0;
        match self.state {
            State::Asked(step) => self.ask(now, step),
            _ => self.keep_alive(now),
        }
        self.tried_login = true;
        Ok(())
    }
}

fn is_uri(text: &str) -> bool {
    text.len() <= 1_024
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && text.to_ascii_lowercase().starts_with("rtsp://")
}
