//! Which tokens live, what was counted, and when a 401 is answered.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// How long a token is: of the size that real ones have, but opaque.
const TOKEN_BYTES: usize = 180;
/// A gate opens early when no further 401 came for so long: not every client has so many connections.
const GATE_PATIENCE: Duration = Duration::from_millis(50);

/// What `/control/set` sets.
#[derive(Clone, Copy)]
pub struct Settings {
    /// The life of tokens made from now on, in seconds (`life`).
    pub life_secs: u64,
    /// How long a token request takes (`token_ms`).
    pub token_time: Duration,
    /// So many 401s are collected before the first is answered (`gate`); 0 answers each at once.
    pub gate: usize,
    /// They are then answered evenly spread over so long (`spread_ms`); 0 answers all together.
    pub spread: Duration,
    /// So many good answers are held as 401s are (`hold` other than 0): what the waiting by itself costs a client.
    pub holds_good: bool,
}

/// What was counted since the last `/control/set`.
#[derive(Default)]
pub struct Counts {
    /// Token requests.
    pub tokens: u64,
    /// API requests answered with 200.
    pub accepted: u64,
    /// API requests answered with 401.
    pub refused: u64,
}

/// The server's whole state.
pub struct Authority {
    /// As set.
    pub settings: Settings,
    /// As counted.
    pub counts: Counts,
    /// When each token made so far dies, by its number.
    deaths: Vec<Instant>,
    held: Held,
}

/// The 401s that wait for their time.
#[derive(Default)]
struct Held {
    count: usize,
    open: bool,
    gate: Rc<Notify>,
}

/// How a 401 waits: at the gate, then for its turn.
pub struct Pause {
    /// The gate, if it is still closed, and the place before it.
    gate: Option<(Rc<Notify>, usize)>,
    turn: Duration,
}

impl Default for Authority {
    fn default() -> Self {
        Self {
            settings: Settings {
                life_secs: 3600,
                token_time: Duration::ZERO,
                gate: 0,
                spread: Duration::ZERO,
                holds_good: false,
            },
            counts: Counts::default(),
            deaths: Vec::new(),
            held: Held::default(),
        }
    }
}

impl Authority {
    /// A new token's value.
    pub fn mint(&mut self) -> String {
        let number = self.deaths.len();
        self.deaths
            .push(Instant::now() + Duration::from_secs(self.settings.life_secs));
        let mut token = format!("bench.{number}.");
        while token.len() < TOKEN_BYTES {
            token.push(char::from(
                b'a' + u8::try_from(token.len() % 26).unwrap_or(0),
            ));
        }
        token
    }

    /// Whether the header carries a living token.
    pub fn accepts(&self, authorization: &[u8]) -> bool {
        let number = authorization
            .strip_prefix(b"Bearer bench.")
            .and_then(|rest| rest.split(|byte| *byte == b'.').next())
            .and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<usize>().ok());
        number
            .and_then(|number| self.deaths.get(number))
            .is_some_and(|death| Instant::now() < *death)
    }

    /// Every token made so far is dead.
    pub fn revoke(&mut self) {
        let now = Instant::now();
        self.deaths.fill(now);
        self.held = Held::default();
    }

    /// How the good answer that is due now waits, if it does.
    pub fn pause_good(&mut self) -> Option<Pause> {
        let Settings {
            gate, holds_good, ..
        } = self.settings;
        (holds_good && self.held.count < gate).then(|| self.pause())
    }

    /// How the 401 that is due now waits.
    pub fn pause(&mut self) -> Pause {
        let Settings { gate, spread, .. } = self.settings;
        let place = self.held.count;
        self.held.count += 1;
        if self.held.count >= gate {
            self.open();
        }
        let closed = (!self.held.open).then(|| (Rc::clone(&self.held.gate), place));
        let share = u32::try_from(place.min(gate)).unwrap_or(u32::MAX);
        let all = u32::try_from(gate.max(1)).unwrap_or(u32::MAX);
        Pause {
            gate: closed,
            turn: spread * share / all,
        }
    }

    fn open(&mut self) {
        self.held.open = true;
        self.held.gate.notify_waiters();
    }

    /// Opens the gate if no 401 joined the one in this place.
    fn open_after(&mut self, place: usize) {
        if self.held.count == place + 1 {
            self.open();
        }
    }
}

impl Pause {
    /// Waits.
    pub async fn over(self, authority: &RefCell<Authority>) {
        if let Some((gate, place)) = self.gate {
            let opened = gate.notified();
            tokio::pin!(opened);
            opened.as_mut().enable();
            tokio::select! {
                () = &mut opened => {}
                () = tokio::time::sleep(GATE_PATIENCE) => {
                    authority.borrow_mut().open_after(place);
                    opened.await;
                }
            }
        }
        if self.turn > Duration::ZERO {
            tokio::time::sleep(self.turn).await;
        }
    }
}
