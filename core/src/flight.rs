//! One flight: work in progress whose outcome is shared by all who wait, and which none of them can cancel.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::error::{Error, ErrorKind, Result};
use crate::fork::PerProcess;

type Shared<T> = Option<Result<T>>;

/// Where at most one flight is under way at a time. A forked child starts with none.
pub(crate) struct Airfield<T>(PerProcess<Mutex<Option<Waiter<T>>>>);

/// A look at the airfield that nobody else can have at the same time.
pub(crate) struct Tower<'a, T>(MutexGuard<'a, Option<Waiter<T>>>);

/// One who waits for a flight's outcome.
#[derive(Clone)]
pub(crate) struct Waiter<T>(watch::Receiver<Shared<T>>);

/// The flight's own end: exactly one outcome, or none if its runtime went away.
pub(crate) struct Landing<T> {
    outcome: Option<watch::Sender<Shared<T>>>,
    field: Arc<Airfield<T>>,
}

impl<T> Airfield<T> {
    pub(crate) fn new() -> Self {
        Self(PerProcess::new(|| Mutex::new(None)))
    }

    /// Looks under the lock: `visit` must not block, wait or call out.
    pub(crate) fn visit<R>(&self, visit: impl FnOnce(Tower<'_, T>) -> R) -> R {
        let slot = self.0.get();
        let guard = slot.lock().unwrap_or_else(PoisonError::into_inner);
        visit(Tower(guard))
    }

    fn clear(&self) {
        self.visit(|mut tower| *tower.0 = None);
    }
}

impl<T: Clone> Tower<'_, T> {
    /// The flight under way.
    pub(crate) fn waiter(&self) -> Option<Waiter<T>> {
        self.0.clone()
    }

    /// Announces a new flight. The caller spawns it with the landing after the visit.
    pub(crate) fn announce(&mut self, field: &Arc<Airfield<T>>) -> (Landing<T>, Waiter<T>) {
        let (sender, receiver) = watch::channel(None);
        let waiter = Waiter(receiver);
        *self.0 = Some(waiter.clone());
        (
            Landing {
                outcome: Some(sender),
                field: Arc::clone(field),
            },
            waiter,
        )
    }
}

impl<T: Clone> Waiter<T> {
    /// The outcome; `None` if the flight was abandoned because its runtime ended.
    pub(crate) async fn outcome(mut self) -> Option<Result<T>> {
        self.0
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|shared| shared.clone())
    }
}

impl<T> Landing<T> {
    /// Ends the flight: whoever comes now finds none under way, whoever waits gets the outcome.
    pub(crate) fn land(mut self, outcome: Result<T>) {
        self.finish(Some(outcome));
    }

    fn finish(&mut self, outcome: Option<Result<T>>) {
        let Some(sender) = self.outcome.take() else {
            return;
        };
        self.field.clear();
        if let Some(outcome) = outcome {
            sender.send_replace(Some(outcome));
        }
    }
}

impl<T> Drop for Landing<T> {
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

    use super::{Airfield, Landing, Waiter};
    use crate::error::{Error, ErrorKind};

    fn start(field: &Arc<Airfield<u32>>) -> (Landing<u32>, Waiter<u32>) {
        field.visit(|mut tower| tower.announce(field))
    }

    fn under_way(field: &Airfield<u32>) -> bool {
        field.visit(|tower| tower.waiter().is_some())
    }

    #[tokio::test]
    async fn all_waiters_share_one_outcome_and_late_ones_find_no_flight() {
        let field = Arc::new(Airfield::new());
        let (landing, first) = start(&field);
        let second = field.visit(|tower| tower.waiter()).unwrap();
        landing.land(Ok(7));
        assert_eq!(first.outcome().await.unwrap().unwrap(), 7);
        assert_eq!(second.outcome().await.unwrap().unwrap(), 7);
        assert!(!under_way(&field));
    }

    #[tokio::test]
    async fn failure_is_shared_too() {
        let field = Arc::new(Airfield::new());
        let (landing, waiter) = start(&field);
        landing.land(Err(Error::new(ErrorKind::Unreachable, "x")));
        assert_eq!(
            waiter.outcome().await.unwrap().unwrap_err().kind(),
            ErrorKind::Unreachable
        );
    }

    #[tokio::test]
    async fn an_abandoned_flight_tells_its_waiters_and_frees_the_field() {
        let field = Arc::new(Airfield::new());
        let (landing, waiter) = start(&field);
        drop(landing);
        assert!(waiter.outcome().await.is_none());
        assert!(!under_way(&field));
    }

    #[tokio::test]
    async fn a_panicking_flight_is_an_internal_error_for_its_waiters() {
        let field = Arc::new(Airfield::new());
        let (landing, waiter) = start(&field);
        let flight = tokio::spawn(async move {
            let _landing = landing;
            panic!("defect");
        });
        assert!(flight.await.is_err());
        assert_eq!(
            waiter.outcome().await.unwrap().unwrap_err().kind(),
            ErrorKind::Internal
        );
    }
}
