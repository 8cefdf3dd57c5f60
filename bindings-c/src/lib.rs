//! Evertoken.
