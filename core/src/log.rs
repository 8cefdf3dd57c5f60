//! The core's log lines as text, for faces that hand them to what their language logs with.

use std::fmt::{Debug, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Metadata};

/// The name that all lines of the core are under.
pub const TARGET: &str = "evertoken";

/// Whether it is a line of the core; a library that it uses may write more than is fit to be seen.
pub fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.is_event() && metadata.target().split("::").next() == Some(TARGET)
}

/// One line.
#[derive(Debug, Default)]
pub struct Line {
    /// What happened.
    pub message: String,
    /// To whom and how, each ` name=value`.
    pub fields: String,
}

impl Line {
    /// The text of `event`.
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
