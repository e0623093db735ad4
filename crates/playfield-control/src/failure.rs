//! Why a request was not done, before it becomes HTTP.

use playfield_core::api::EndReason;

/// The kinds of failure; each is a `problem+json` type of the same spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// 400: the request cannot be read.
    Malformed,
    /// 401: nobody is signed in.
    SignInRequired,
    /// 401: the token proves nothing here.
    BadToken,
    /// 403: the caller may not.
    Forbidden,
    /// 403: another site's page sent it.
    CrossSite,
    /// 404.
    NotFound,
    /// 405.
    MethodNotAllowed,
    /// 408: the request came too slowly.
    TooSlow,
    /// 409: the camera is not connected.
    DeviceOffline,
    /// 409: the session has ended.
    SessionEnded,
    /// 409: the idempotency key was used with another request.
    KeyReused,
    /// 409: the same request is being worked on.
    InProgress,
    /// 409: the title cannot be played.
    TitleBroken,
    /// 409: somebody else plays from that seat.
    SeatTaken,
    /// 409: the saved state is damaged, or of another version.
    StateUnfit,
    /// 409: somebody else changed it meanwhile.
    Changed,
    /// 409: there is another one of that name.
    Exists,
    /// 409: a camera or a channel has it.
    InUse,
    /// 410: the link's time is over.
    InviteExpired,
    /// 410: the link let in as many as it may.
    InviteUsed,
    /// 410: the link was taken back.
    InviteRevoked,
    /// 410: the host removed the viewer.
    Removed,
    /// 413.
    TooLarge,
    /// 415.
    UnsupportedMediaType,
    /// 421: the request was meant for another host.
    Misdirected,
    /// 422: the camera could not do it.
    DeviceFailed,
    /// 422: understood, but the node cannot do it; see the reason.
    Refused,
    /// 429: a limit was reached.
    LimitReached,
    /// 429: too many wrong sign-ins.
    TooManyTries,
    /// 500: our fault.
    Internal,
    /// 503: no node can do it now.
    NoNode,
    /// 504: the camera did not answer.
    DeviceTimeout,
    /// 504: the node did not answer.
    NodeTimeout,
}

/// Why a request was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which kind.
    pub kind: Kind,
    /// What was wrong and what to do.
    pub detail: String,
    /// The session's end reason, where one says more.
    pub reason: Option<EndReason>,
    /// When it may be worth trying again, in seconds.
    pub retry_after_s: Option<u32>,
}

impl Kind {
    /// HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Kind::Malformed => 400,
            Kind::SignInRequired | Kind::BadToken => 401,
            Kind::Forbidden | Kind::CrossSite => 403,
            Kind::NotFound => 404,
            Kind::MethodNotAllowed => 405,
            Kind::TooSlow => 408,
            Kind::DeviceOffline
            | Kind::SessionEnded
            | Kind::KeyReused
            | Kind::InProgress
            | Kind::TitleBroken
            | Kind::SeatTaken
            | Kind::StateUnfit
            | Kind::Changed
            | Kind::Exists
            | Kind::InUse => 409,
            Kind::InviteExpired | Kind::InviteUsed | Kind::InviteRevoked | Kind::Removed => 410,
            Kind::TooLarge => 413,
            Kind::UnsupportedMediaType => 415,
            Kind::Misdirected => 421,
            Kind::DeviceFailed | Kind::Refused => 422,
            Kind::LimitReached | Kind::TooManyTries => 429,
            Kind::Internal => 500,
            Kind::NoNode => 503,
            Kind::DeviceTimeout | Kind::NodeTimeout => 504,
        }
    }

    /// The kind, for a person.
    pub const fn title(self) -> &'static str {
        match self {
            Kind::Malformed => "The request cannot be read",
            Kind::SignInRequired => "Sign in first",
            Kind::BadToken => "The token is not valid",
            Kind::Forbidden => "Not allowed",
            Kind::CrossSite => "Another site's page may not do this",
            Kind::NotFound => "There is no such thing",
            Kind::MethodNotAllowed => "This cannot be done here",
            Kind::TooSlow => "The request came too slowly",
            Kind::DeviceOffline => "The camera is not connected",
            Kind::SessionEnded => "The session has ended",
            Kind::KeyReused => "The idempotency key was used before",
            Kind::InProgress => "The same request is being worked on",
            Kind::TitleBroken => "The title cannot be played",
            Kind::SeatTaken => "The seat is taken",
            Kind::StateUnfit => "The saved state does not fit",
            Kind::Changed => "Somebody else changed it meanwhile",
            Kind::Exists => "There is another one of that name",
            Kind::InUse => "It is in use",
            Kind::InviteExpired => "The link has expired",
            Kind::InviteUsed => "The link was used",
            Kind::InviteRevoked => "The link was taken back",
            Kind::Removed => "The host removed you",
            Kind::TooLarge => "The request is too large",
            Kind::UnsupportedMediaType => "The request is not JSON",
            Kind::Misdirected => "The request was meant for another host",
            Kind::DeviceFailed => "The camera could not do it",
            Kind::Refused => "The node refused",
            Kind::LimitReached => "A limit is reached",
            Kind::TooManyTries => "Too many wrong sign-ins",
            Kind::Internal => "Something went wrong on our side",
            Kind::NoNode => "No node has room",
            Kind::DeviceTimeout => "The camera did not answer in time",
            Kind::NodeTimeout => "The node did not answer in time",
        }
    }
}

impl Failure {
    /// A failure of a kind, in words.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Failure {
        Failure { kind, detail: detail.into(), reason: None, retry_after_s: None }
    }

    /// With the end reason that says more.
    pub fn because(self, reason: EndReason) -> Failure {
        Failure { reason: Some(reason), ..self }
    }

    /// With a hint when to try again.
    pub fn retry_after(self, seconds: u32) -> Failure {
        Failure { retry_after_s: Some(seconds), ..self }
    }

    /// What a node's refusal is to the one who asked.
    pub fn refused(reason: EndReason, detail: String) -> Failure {
        let kind = match reason {
            EndReason::LimitReached => Kind::LimitReached,
            EndReason::SeatTaken => Kind::SeatTaken,
            EndReason::Kicked => Kind::Removed,
            EndReason::InviteExpired => Kind::InviteExpired,
            EndReason::PlacementTimeout | EndReason::NodeStopping => Kind::NoNode,
            EndReason::InvalidSignalRequest => Kind::Malformed,
            EndReason::InternalError => Kind::Internal,
            _ => Kind::Refused,
        };
        let failure = Failure::new(kind, detail).because(reason);
        match kind {
            Kind::LimitReached | Kind::NoNode => failure.retry_after(10),
            _ => failure,
        }
    }

    /// Our own fault: written to the log in full, and to the caller without what is none of their business.
    pub fn internal(error: impl std::fmt::Display) -> Failure {
        tracing::error!(%error, "a request failed");
        Failure::new(Kind::Internal, "this was not your doing; the log of the control plane says more")
            .because(EndReason::InternalError)
    }
}

impl From<playfield_store::db::DbError> for Failure {
    fn from(error: playfield_store::db::DbError) -> Failure {
        Failure::internal(error)
    }
}

impl From<playfield_store::blob::BlobError> for Failure {
    fn from(error: playfield_store::blob::BlobError) -> Failure {
        Failure::internal(error)
    }
}

impl From<crate::secret::NoRandomness> for Failure {
    fn from(error: crate::secret::NoRandomness) -> Failure {
        Failure::internal(error)
    }
}
