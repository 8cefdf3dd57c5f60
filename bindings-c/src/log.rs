//! The library's log lines.

use std::ffi::{c_char, c_int, c_void};
use std::sync::{Arc, LazyLock, Once};

use arc_swap::ArcSwap;
use evertoken::error::one_line;
use evertoken::log::{Line, is_ours};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Level, Metadata, Subscriber};

use crate::boundary::{Failure, enter, guarded};
use crate::callback::Userdata;
use crate::error::evertoken_error;
use crate::ffi::hand_over;
use crate::status::evertoken_status;
use crate::subscription::{Gate, Source, Subscribed, evertoken_subscription};
use crate::text::Text;

/// How serious a log line is.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum evertoken_log_level {
    /// A defect in this library.
    EVERTOKEN_LOG_ERROR = 1,
    /// Something to be fixed: a rejected login, a secret in clear text in a profile, certificates that are not checked.
    EVERTOKEN_LOG_WARN = 2,
    /// A new token.
    EVERTOKEN_LOG_INFO = 3,
    /// Every step, such as an attempt of a login and the pause before the next.
    EVERTOKEN_LOG_DEBUG = 4,
}

use evertoken_log_level::{
    EVERTOKEN_LOG_DEBUG, EVERTOKEN_LOG_ERROR, EVERTOKEN_LOG_INFO, EVERTOKEN_LOG_WARN,
};

/// Receives a log line of `len` bytes, ended by a NUL: what happened, then `name=value` pairs. It contains no secret and no
/// line break, and is valid during the callback only.
///
/// It runs on the thread that logged the line, which may be one of yours inside a call of this library or one of the
/// library's, and on several at the same time; never under a lock. It should be brief and must not throw; calls that wait
/// give EVERTOKEN_MISUSE in it.
pub type evertoken_log_callback = Option<
    unsafe extern "C" fn(
        userdata: *mut c_void,
        level: evertoken_log_level,
        line: *const c_char,
        len: usize,
    ),
>;

/// Calls `callback` with every log line of this process whose level is `level` (an evertoken_log_level) or more serious,
/// until the subscription is freed. Without a subscription nothing is logged.
///
/// Threads: any, callbacks included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_log_subscribe(
    level: c_int,
    callback: evertoken_log_callback,
    userdata: *mut c_void,
    subscription: *mut *mut evertoken_subscription,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            let out = contract.out(subscription, "subscription")?;
            let callback = callback.ok_or_else(|| {
                Failure::binding(
                    evertoken_status::EVERTOKEN_NULL_ARGUMENT,
                    "callback is NULL",
                )
            })?;
            let most = LEVELS
                .iter()
                .map(|(_, level)| *level)
                .find(|known| *known as c_int == level)
                .ok_or_else(|| evertoken::Error::config("level", "is no evertoken_log_level"))?;
            let userdata = Userdata::new(userdata);
            out.write(hand_over(Subscribed::new(|gate| {
                Source::Log(listen(Listener {
                    most,
                    // SAFETY: the gate keeps callbacks from running after the subscription was freed; until then
                    // function and userdata are good by the contract.
                    call: Box::new(move |level, line: &Text| {
                        callback(userdata.get(), level, line.as_ptr(), line.ended().len() - 1);
                    }),
                    gate,
                }))
            })));
            Ok(())
        })
    }
}

const LEVELS: &[(Level, evertoken_log_level)] = &[
    (Level::ERROR, EVERTOKEN_LOG_ERROR),
    (Level::WARN, EVERTOKEN_LOG_WARN),
    (Level::INFO, EVERTOKEN_LOG_INFO),
    (Level::DEBUG, EVERTOKEN_LOG_DEBUG),
];

type Call = dyn Fn(evertoken_log_level, &Text) + Send + Sync;

/// Who receives lines.
struct Listener {
    most: evertoken_log_level,
    call: Box<Call>,
    gate: Arc<Gate>,
}

/// Copied on write, so that a forked child never finds it locked.
static LISTENERS: LazyLock<ArcSwap<Vec<Arc<Listener>>>> = LazyLock::new(ArcSwap::default);

/// A listener in the list; taken out when dropped.
pub(crate) struct Listening(Arc<Listener>);

fn listen(listener: Listener) -> Listening {
    static INSTALLED: Once = Once::new();
    let listener = Arc::new(listener);
    LISTENERS.rcu(|listeners| [listeners.as_slice(), &[Arc::clone(&listener)]].concat());
    INSTALLED.call_once(|| {
        // This library's own copy of tracing: no one else can have set one.
        let _ = tracing::subscriber::set_global_default(ToC);
    });
    Listening(listener)
}

impl Drop for Listening {
    fn drop(&mut self) {
        LISTENERS.rcu(|listeners| {
            let mut left = Vec::clone(listeners);
            left.retain(|other| !Arc::ptr_eq(other, &self.0));
            left
        });
    }
}

fn level_of(metadata: &Metadata<'_>) -> Option<evertoken_log_level> {
    let known = LEVELS.iter().find(|(level, _)| level == metadata.level());
    known.filter(|_| is_ours(metadata)).map(|(_, level)| *level)
}

struct ToC;

impl Subscriber for ToC {
    /// Who listens changes, so what is ours is asked for each time.
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        match level_of(metadata) {
            Some(_) => Interest::sometimes(),
            None => Interest::never(),
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        level_of(metadata).is_some_and(|level| {
            LISTENERS
                .load()
                .iter()
                .any(|listener| level <= listener.most)
        })
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let Some(level) = level_of(event.metadata()) else {
            return;
        };
        guarded(|| {
            let line = Line::of(event);
            let line = Text::new(&one_line(line.message + &line.fields));
            for listener in LISTENERS.load_full().iter() {
                if level <= listener.most {
                    listener.gate.pass(|| (listener.call)(level, &line));
                }
            }
        });
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
