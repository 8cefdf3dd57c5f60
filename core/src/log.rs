//! The core's log events as text, for bindings that pass them to their language's logging.

use std::fmt::{Debug, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Metadata};

/// The target of all log events of the core.
pub const TARGET: &str = "evertoken";

/// Whether it is an event of the core. Libraries that the core uses may log secrets.
pub fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.is_event() && metadata.target().split("::").next() == Some(TARGET)
}

/// One log line.
#[derive(Debug, Default)]
pub struct Line {
    /// What happened.
    pub message: String,
    /// The fields, each as ` name=value`.
    pub fields: String,
}

impl Line {
    /// The line of `event`.
    pub fn of(event: &Event<'_>) -> Self {
        let mut line = Self::default();
        event.record(&mut line);
        line
    }
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
