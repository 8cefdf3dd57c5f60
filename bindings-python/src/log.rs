//! The core's log lines to the standard `logging`, under the name `evertoken`.

use std::fmt::{Debug, Write};
use std::sync::Once;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Level, Metadata, Subscriber};

use crate::exit;

/// The core's targets; a library it uses may write more than is fit to be seen.
const TARGET: &str = "evertoken";

/// Sends the log lines of this process to Python from now on. Done with the first client, not at import.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // This library's own copy of tracing: no one else can have set one.
        let _ = tracing::subscriber::set_global_default(ToPython);
    });
}

struct ToPython;

impl Subscriber for ToPython {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().split("::").next() == Some(TARGET)
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
        let mut line = Line::default();
        event.record(&mut line);
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

/// `logging` is asked for only where the program has imported it: nobody else can be listening.
fn logger(py: Python<'_>) -> PyResult<Option<&Bound<'_, PyAny>>> {
    static LOGGER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    if let Some(logger) = LOGGER.get(py) {
        return Ok(Some(logger.bind(py)));
    }
    let modules = py
        .import(intern!(py, "sys"))?
        .getattr(intern!(py, "modules"))?;
    let Ok(logging) = modules.get_item(intern!(py, "logging")) else {
        return Ok(None);
    };
    let (Some(get_logger), Some(null_handler)) = (
        logging.getattr_opt(intern!(py, "getLogger"))?,
        logging.getattr_opt(intern!(py, "NullHandler"))?,
    ) else {
        return Ok(None); // half imported
    };
    let logger = get_logger.call1((TARGET,))?;
    // A library's warnings are not for the terminal of a program that has set up no logging.
    logger.call_method1(intern!(py, "addHandler"), (null_handler.call0()?,))?;
    Ok(Some(LOGGER.get_or_init(py, || logger.unbind()).bind(py)))
}

/// One line: the event's name, then its fields.
#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.fields, " {}={value}", field.name());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = if field.name() == "message" {
            write!(self.message, "{value:?}")
        } else {
            write!(self.fields, " {}={value:?}", field.name())
        };
    }
}
