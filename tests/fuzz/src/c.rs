//! The C binding, called as C calls it: pointers, NUL-terminated texts, outputs and errors.

mod call;
mod config;
mod handle;
mod judge;

pub use call::call;
pub use config::config;
pub use judge::judge;
