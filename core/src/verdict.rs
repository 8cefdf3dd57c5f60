//! What to do about a 401: facts in, one step out. Pure. Every binding acts on the step; none decides.

/// What is known about a response and the token that its request carried.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools)] // each is one independent fact of the table
pub struct Facts {
    /// The response's status.
    pub status: u16,
    /// The request carried our token to a pinned origin.
    pub token_sent: bool,
    /// The response says that a right is missing or names another cause than the token.
    pub about_rights: bool,
    /// The request was the resend after an earlier 401.
    pub resent: bool,
    /// It was sent again with the same token, because the server issued that again.
    pub reissued: bool,
    /// The token that was sent is still the current one, and the server has not issued it again since a refusal.
    pub still_current: bool,
    /// 401s of this identity or target are returned without a renewal for now.
    pub storm: bool,
    /// There are credentials to log in with.
    pub renewable: bool,
    /// The whole body can be sent again.
    pub replayable: bool,
}

/// What to do about a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing: hand the response to the caller.
    Done,
    /// Hand the 401 to the caller, for this reason.
    GiveBack(Reason),
    /// Send again with the current token, which another caller has renewed meanwhile.
    ResendCurrent,
    /// Invalidate the token that was sent, renew it, and send again.
    Renew,
    /// Invalidate the token that was sent and renew it for the next call: this body cannot be sent twice.
    RenewForNext,
}

/// Why a 401 was returned to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The request did not carry the token: its origin is not pinned.
    ForeignOrigin,
    /// The token is not the cause: it lacks a right (RFC 6750 §3.1 `insufficient_scope`, provider codes), or the response names
    /// another cause, such as a subscription, a quota or a missing API key.
    InsufficientRights,
    /// The resend was refused too.
    RefusedAgain,
    /// The body was a stream that can be sent only once; the token is renewed for the next call.
    BodyNotReplayable,
    /// The renewal failed; its error says why.
    RenewalFailed,
    /// Recent renewals did not help; none is made for a while.
    StormGuard,
    /// A pasted token was refused and there are no credentials to log in with.
    NotRenewable,
    /// The server issued the refused token again, and that did not help.
    SameToken,
}

impl Reason {
    /// Every reason.
    pub const ALL: &'static [Self] = &[
        Self::ForeignOrigin,
        Self::InsufficientRights,
        Self::RefusedAgain,
        Self::BodyNotReplayable,
        Self::RenewalFailed,
        Self::StormGuard,
        Self::NotRenewable,
        Self::SameToken,
    ];

    /// The stable string.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ForeignOrigin => "foreign_origin",
            Self::InsufficientRights => "insufficient_rights",
            Self::RefusedAgain => "refused_again",
            Self::BodyNotReplayable => "body_not_replayable",
            Self::RenewalFailed => "renewal_failed",
            Self::StormGuard => "storm_guard",
            Self::NotRenewable => "not_renewable",
            Self::SameToken => "same_token",
        }
    }
}

/// The step that follows from the facts.
pub fn decide(facts: &Facts) -> Step {
    match facts {
        Facts { status, .. } if *status != 401 => Step::Done,
        Facts {
            token_sent: false, ..
        } => Step::GiveBack(Reason::ForeignOrigin),
        Facts {
            about_rights: true, ..
        } => Step::GiveBack(Reason::InsufficientRights),
        Facts {
            resent: true,
            reissued: true,
            ..
        } => Step::GiveBack(Reason::SameToken),
        Facts { resent: true, .. } => Step::GiveBack(Reason::RefusedAgain),
        Facts {
            still_current: false,
            replayable: true,
            ..
        } => Step::ResendCurrent,
        Facts {
            still_current: false,
            ..
        } => Step::GiveBack(Reason::BodyNotReplayable),
        Facts { storm: true, .. } => Step::GiveBack(Reason::StormGuard),
        Facts {
            renewable: false, ..
        } => Step::GiveBack(Reason::NotRenewable),
        Facts {
            replayable: true, ..
        } => Step::Renew,
        _ => Step::RenewForNext,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Facts = Facts {
        status: 401,
        token_sent: true,
        about_rights: false,
        resent: false,
        reissued: false,
        still_current: true,
        storm: false,
        renewable: true,
        replayable: true,
    };

    #[test]
    fn each_row_of_the_contract_has_its_step() {
        let table = [
            (
                "200",
                Facts {
                    status: 200,
                    ..PLAIN
                },
                Step::Done,
            ),
            (
                "403 never renews",
                Facts {
                    status: 403,
                    ..PLAIN
                },
                Step::Done,
            ),
            (
                "407 never renews",
                Facts {
                    status: 407,
                    ..PLAIN
                },
                Step::Done,
            ),
            ("401", PLAIN, Step::Renew),
            (
                "foreign",
                Facts {
                    token_sent: false,
                    ..PLAIN
                },
                Step::GiveBack(Reason::ForeignOrigin),
            ),
            (
                "rights",
                Facts {
                    about_rights: true,
                    ..PLAIN
                },
                Step::GiveBack(Reason::InsufficientRights),
            ),
            (
                "second 401",
                Facts {
                    resent: true,
                    ..PLAIN
                },
                Step::GiveBack(Reason::RefusedAgain),
            ),
            (
                "second 401, of the same token",
                Facts {
                    resent: true,
                    reissued: true,
                    ..PLAIN
                },
                Step::GiveBack(Reason::SameToken),
            ),
            (
                "second 401, of the same token, about rights",
                Facts {
                    resent: true,
                    reissued: true,
                    about_rights: true,
                    ..PLAIN
                },
                Step::GiveBack(Reason::InsufficientRights),
            ),
            (
                "second 401, renewed meanwhile",
                Facts {
                    resent: true,
                    still_current: false,
                    ..PLAIN
                },
                Step::GiveBack(Reason::RefusedAgain),
            ),
            (
                "renewed meanwhile",
                Facts {
                    still_current: false,
                    ..PLAIN
                },
                Step::ResendCurrent,
            ),
            (
                "renewed meanwhile, in a storm",
                Facts {
                    still_current: false,
                    storm: true,
                    ..PLAIN
                },
                Step::ResendCurrent,
            ),
            (
                "renewed meanwhile, one-shot",
                Facts {
                    still_current: false,
                    replayable: false,
                    ..PLAIN
                },
                Step::GiveBack(Reason::BodyNotReplayable),
            ),
            (
                "storm",
                Facts {
                    storm: true,
                    ..PLAIN
                },
                Step::GiveBack(Reason::StormGuard),
            ),
            (
                "pasted",
                Facts {
                    renewable: false,
                    ..PLAIN
                },
                Step::GiveBack(Reason::NotRenewable),
            ),
            (
                "one-shot",
                Facts {
                    replayable: false,
                    ..PLAIN
                },
                Step::RenewForNext,
            ),
        ];
        for (name, facts, expected) in table {
            assert_eq!(decide(&facts), expected, "{name}");
        }
    }

    #[test]
    fn no_facts_lead_to_a_renewal_unless_a_first_401_refused_the_current_token() {
        for bits in 0u32..512 {
            let bit = |index: u32| bits & (1 << index) != 0;
            let facts = Facts {
                status: if bit(0) { 401 } else { 200 },
                token_sent: bit(1),
                about_rights: bit(2),
                resent: bit(3),
                still_current: bit(4),
                storm: bit(5),
                renewable: bit(6),
                replayable: bit(7),
                reissued: bit(8),
            };
            let renews = matches!(decide(&facts), Step::Renew | Step::RenewForNext);
            let may = facts.status == 401
                && facts.token_sent
                && !facts.about_rights
                && !facts.resent
                && facts.still_current
                && !facts.storm
                && facts.renewable;
            assert_eq!(renews, may, "{facts:?}");
        }
    }
}
