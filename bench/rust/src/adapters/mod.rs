//! One small interface over ours and the peers.

use std::future::Future;

use crate::server::Server;

pub mod azure;
pub mod bare;
pub mod google;
pub mod ours;
pub mod smithy;
pub mod yup;

/// A client that is measured. Dropping the last clone closes it.
pub trait Adapter: Clone + Send + Sync + 'static {
    /// A client for the server. It need not have a token yet.
    fn prepare(server: Server) -> impl Future<Output = Self> + Send;

    /// Gets the `Authorization` value as this library offers it; its length, so that it is not optimised away.
    fn header(&self) -> impl Future<Output = usize> + Send;

    /// Gets the resource with the token and reads the whole answer; its status. Heals a 401 as far as the
    /// library has means for it.
    fn get(&self) -> impl Future<Output = u16> + Send;
}
