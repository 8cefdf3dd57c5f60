//! Passes the core's log lines to the standard `logging`, to the logger `evertoken`.

use std::sync::Once;

use evertoken::log::{Line, TARGET, is_ours};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use tracing::span::{Attributes, Id, Record};
use tracing::{Level, Metadata, Subscriber};

use crate::exit;
use crate::imported::imported;

/// Sends the log lines of this process to Python. Called by the first client, not at import.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // Cannot fail: nobody else uses this library's copy of tracing.
        let _ = tracing::subscriber::set_global_default(ToPython);
    });
}

struct ToPython;

impl Subscriber for ToPython {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_ours(metadata)
    }

    fn max_level_hint(&self) -> Option<tracing::level_filters::LevelFilter> {
        Some(tracing::level_filters::LevelFilter::DEBUG)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let level = match *event.metadata().level() {
            Level::ERROR => 40,
            Level::WARN => 30,
            Level::INFO => 20,
            _ => 10,
        };
        let line = Line::of(event);
        exit::attach(|py| {
            if let Err(error) = hand_over(py, level, &line) {
                error.write_unraisable(py, None);
            }
        });
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn hand_over(py: Python<'_>, level: i32, line: &Line) -> PyResult<()> {
    let Some(logger) = logger(py)? else {
        return Ok(());
    };
    if logger
        .call_method1(intern!(py, "isEnabledFor"), (level,))?
        .is_truthy()?
    {
        logger.call_method1(
            intern!(py, "log"),
            (level, intern!(py, "%s%s"), &line.message, &line.fields),
        )?;
    }
    Ok(())
}

/// The logger, if the program has imported `logging`. If it has not, it can have set up no handler.
fn logger(py: Python<'_>) -> PyResult<Option<&Bound<'_, PyAny>>> {
    static LOGGER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    if let Some(logger) = LOGGER.get(py) {
        return Ok(Some(logger.bind(py)));
    }
    let Some(logging) = imported(py, intern!(py, "logging"))? else {
        return Ok(None);
    };
    let (Some(get_logger), Some(null_handler)) = (
        logging.getattr_opt(intern!(py, "getLogger"))?,
        logging.getattr_opt(intern!(py, "NullHandler"))?,
    ) else {
        return Ok(None); // half imported
    };
    let logger = get_logger.call1((TARGET,))?;
    // Otherwise a program without any logging configuration would get warnings on its stderr.
    logger.call_method1(intern!(py, "addHandler"), (null_handler.call0()?,))?;
    Ok(Some(LOGGER.get_or_init(py, || logger.unbind()).bind(py)))
}
