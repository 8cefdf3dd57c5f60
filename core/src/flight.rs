//! Single flight: at most one renewal is in progress at a time. All waiting callers share its outcome, and none of them can
//! cancel it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::error::{Error, ErrorKind, Result};
use crate::fork::PerProcess;

type Shared<T> = Option<Result<T>>;

/// The flight in progress, if any. A forked child starts with none.
pub(crate) struct SingleFlight<T>(PerProcess<Mutex<Option<Waiter<T>>>>);

/// A [`SingleFlight`] under its lock, for [`SingleFlight::visit`].
pub(crate) struct Locked<'a, T>(MutexGuard<'a, Option<Waiter<T>>>);

/// The receiving end of a flight's outcome. Each waiting caller has one.
#[derive(Clone)]
pub(crate) struct Waiter<T>(watch::Receiver<Shared<T>>);

/// The sending end of a flight's outcome. Exactly one is sent, or none if the flight's runtime shut down.
pub(crate) struct Completer<T> {
    outcome: Option<watch::Sender<Shared<T>>>,
    flights: Arc<SingleFlight<T>>,
}

impl<T> SingleFlight<T> {
    pub(crate) fn new() -> Self {
        Self(PerProcess::new(|| Mutex::new(None)))
    }

    /// Runs `visit` under the lock. It must not block, wait or call code of others.
    pub(crate) fn visit<R>(&self, visit: impl FnOnce(Locked<'_, T>) -> R) -> R {
        let slot = self.0.get();
        let guard = slot.lock().unwrap_or_else(PoisonError::into_inner);
        visit(Locked(guard))
    }

    fn clear(&self) {
        self.visit(|mut locked| *locked.0 = None);
    }
}

impl<T: Clone> Locked<'_, T> {
    /// A waiter for the flight in progress.
    pub(crate) fn waiter(&self) -> Option<Waiter<T>> {
        self.0.clone()
    }

    /// Registers a new flight. The caller spawns it, with the completer, after the visit.
    pub(crate) fn begin(&mut self, flights: &Arc<SingleFlight<T>>) -> (Completer<T>, Waiter<T>) {
        let (sender, receiver) = watch::channel(None);
        let waiter = Waiter(receiver);
        *self.0 = Some(waiter.clone());
        (
            Completer {
                outcome: Some(sender),
                flights: Arc::clone(flights),
            },
            waiter,
        )
    }
}

impl<T: Clone> Waiter<T> {
    /// The outcome; `None` if the flight was abandoned because its runtime shut down.
    pub(crate) async fn outcome(mut self) -> Option<Result<T>> {
        self.0
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|shared| shared.clone())
    }
}

impl<T> Completer<T> {
    /// Ends the flight: the waiting callers get the outcome, and the next caller finds no flight in progress.
    pub(crate) fn complete(mut self, outcome: Result<T>) {
        self.finish(Some(outcome));
    }

    fn finish(&mut self, outcome: Option<Result<T>>) {
        let Some(sender) = self.outcome.take() else {
            return;
        };
        self.flights.clear();
        if let Some(outcome) = outcome {
            sender.send_replace(Some(outcome));
        }
    }
}

impl<T> Drop for Completer<T> {
    fn drop(&mut self) {
        let outcome = std::thread::panicking().then(|| {
            Err(Error::new(
                ErrorKind::Internal,
                "renewing the token failed because of a defect in this library",
            ))
        });
        self.finish(outcome);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Completer, SingleFlight, Waiter};
    use crate::error::{Error, ErrorKind};

    fn start(flights: &Arc<SingleFlight<u32>>) -> (Completer<u32>, Waiter<u32>) {
        flights.visit(|mut locked| locked.begin(flights))
    }

    fn under_way(flights: &SingleFlight<u32>) -> bool {
        flights.visit(|locked| locked.waiter().is_some())
    }

    #[tokio::test]
    async fn all_waiters_share_one_outcome_and_late_ones_find_no_flight() {
        let flights = Arc::new(SingleFlight::new());
        let (completer, first) = start(&flights);
        let second = flights.visit(|locked| locked.waiter()).unwrap();
        completer.complete(Ok(7));
        assert_eq!(first.outcome().await.unwrap().unwrap(), 7);
        assert_eq!(second.outcome().await.unwrap().unwrap(), 7);
        assert!(!under_way(&flights));
    }

    #[tokio::test]
    async fn failure_is_shared_too() {
        let flights = Arc::new(SingleFlight::new());
        let (completer, waiter) = start(&flights);
        completer.complete(Err(Error::new(ErrorKind::Unreachable, "x")));
        assert_eq!(
            waiter.outcome().await.unwrap().unwrap_err().kind(),
            ErrorKind::Unreachable
        );
    }

    #[tokio::test]
    async fn an_abandoned_flight_tells_its_waiters_and_lets_another_begin() {
        let flights = Arc::new(SingleFlight::new());
        let (completer, waiter) = start(&flights);
        drop(completer);
        assert!(waiter.outcome().await.is_none());
        assert!(!under_way(&flights));
    }

    #[tokio::test]
    async fn a_panicking_flight_is_an_internal_error_for_its_waiters() {
        let flights = Arc::new(SingleFlight::new());
        let (completer, waiter) = start(&flights);
        let flight = tokio::spawn(async move {
            let _completer = completer;
            panic!("defect");
        });
        assert!(flight.await.is_err());
        assert_eq!(
            waiter.outcome().await.unwrap().unwrap_err().kind(),
            ErrorKind::Internal
        );
    }
}
