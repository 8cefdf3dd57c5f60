//! The handle of a running sandbox: its threads, and the calls for tests.

use std::io;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::control::{self, ControlError};
use crate::provider::Provider;
use crate::server::Bound;
use crate::settings::{Credentials, Settings};
use crate::state::Shared;

/// A running sandbox. Dropping it stops it.
///
/// Threads may share it. Methods block for the short time that the server needs; `wait` calls block until the awaited event has
/// happened. Use [`control_async`](Self::control_async) for those on a single-threaded runtime.
#[derive(Debug)]
pub struct Sandbox {
    shared: Arc<Shared>,
    runtime: Handle,
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

type Started = io::Result<(Arc<Shared>, Handle)>;

impl Sandbox {
    /// Starts a sandbox on a thread and a runtime of its own. Returns when it listens.
    ///
    /// # Errors
    /// A fixed port is in use, or the system has no threads or sockets left.
    pub fn start(settings: Settings) -> io::Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let (started, start) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("evertoken-sandbox".to_owned())
            .spawn(move || run(settings, &started, stopped))?;
        let (shared, runtime) = start
            .recv()
            .map_err(|_| io::Error::other("the sandbox thread ended"))??;
        Ok(Self {
            shared,
            runtime,
            running: Mutex::new(Some(Running { stop, thread })),
        })
    }

    /// Base URL of everything, plain http.
    pub fn url(&self) -> &str {
        &self.shared.addresses.url
    }

    /// The same service at another origin.
    pub fn foreign_url(&self) -> &str {
        &self.shared.addresses.foreign_url
    }

    /// Base URL over TLS, with `https`.
    pub fn https_url(&self) -> Option<&str> {
        self.shared.addresses.https_url.as_deref()
    }

    /// PEM of the CA that signed the server's certificate.
    pub fn ca_pem(&self) -> Option<&str> {
        self.shared.addresses.ca_pem.as_deref()
    }

    /// PEM of a client certificate that `client_cert` accepts.
    pub fn client_cert_pem(&self) -> Option<&str> {
        self.shared.addresses.client_cert_pem.as_deref()
    }

    /// PEM of its private key.
    pub fn client_key_pem(&self) -> Option<&str> {
        self.shared.addresses.client_key_pem.as_deref()
    }

    /// The start line: addresses, certificates, credentials.
    pub fn info(&self) -> Value {
        self.shared.info()
    }

    /// The credentials that are accepted now.
    pub fn credentials(&self) -> Credentials {
        self.shared.settings().credentials.clone()
    }

    /// The settings as they are now.
    pub fn settings(&self) -> Settings {
        Settings::clone(&self.shared.settings())
    }

    /// Makes a control call without a socket. `path` is as over HTTP, with or without `/_sandbox`; `Value::Null` stands for no body.
    ///
    /// # Errors
    /// As over HTTP: an unknown route or setting, or a wait that timed out. Also if the sandbox is closed.
    pub fn control(&self, method: &str, path: &str, body: &Value) -> Result<Value, ControlError> {
        let (reply, replied) = mpsc::channel();
        let call = self.call(method, path, body);
        self.runtime.spawn(async move {
            // The receiver lives as long as this method.
            let _ = reply.send(call.await);
        });
        replied.recv().unwrap_or_else(|_| Err(closed()))
    }

    /// As [`control`](Self::control), without blocking the thread. It works on any runtime.
    ///
    /// # Errors
    /// As [`control`](Self::control).
    pub async fn control_async(
        &self,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Result<Value, ControlError> {
        self.runtime
            .spawn(self.call(method, path, body))
            .await
            .unwrap_or_else(|_| Err(closed()))
    }

    /// Moves the virtual clock.
    ///
    /// # Errors
    /// The step is more than a thousand years, or the sandbox is closed.
    pub fn advance(&self, secs: i64) -> Result<(), ControlError> {
        self.control("POST", "/clock", &json!({"advance_secs": secs}))
            .map(drop)
    }

    /// Changes settings; `null` restores a default.
    ///
    /// # Errors
    /// A setting is unknown or its value invalid; the error names it.
    pub fn configure(&self, patch: &Value) -> Result<(), ControlError> {
        self.control("POST", "/settings", patch).map(drop)
    }

    /// Arms one fault or a list of them.
    ///
    /// # Errors
    /// A part of it is unknown; the error names it.
    pub fn arm(&self, faults: &Value) -> Result<(), ControlError> {
        self.control("POST", "/faults", faults).map(drop)
    }

    /// Loads a script.
    ///
    /// # Errors
    /// A route is invalid; the error names it and says why.
    pub fn script(&self, script: &Value) -> Result<(), ControlError> {
        self.control("POST", "/script", script).map(drop)
    }

    /// Revokes all tokens, or those of one provider. Returns the number of access tokens.
    ///
    /// # Errors
    /// The sandbox is closed.
    pub fn revoke(&self, provider: Option<Provider>) -> Result<u64, ControlError> {
        let killed = self.control("POST", "/revoke", &json!({"provider": provider}))?;
        Ok(killed["access"].as_u64().unwrap_or_default())
    }

    /// Renews every live grant, or those of one provider, as another client would. Returns their number.
    ///
    /// # Errors
    /// The sandbox is closed.
    pub fn rotate(&self, provider: Option<Provider>) -> Result<u64, ControlError> {
        let rotated = self.control("POST", "/rotate", &json!({"provider": provider}))?;
        Ok(rotated["grants"].as_u64().unwrap_or_default())
    }

    /// The journal's entries.
    ///
    /// # Errors
    /// The sandbox is closed.
    pub fn journal(&self) -> Result<Vec<Value>, ControlError> {
        match self.control("GET", "/journal", &Value::Null)?["entries"].take() {
            Value::Array(entries) => Ok(entries),
            _ => Ok(Vec::new()),
        }
    }

    /// All counts.
    ///
    /// # Errors
    /// The sandbox is closed.
    pub fn counts(&self) -> Result<Value, ControlError> {
        self.control("GET", "/counts", &Value::Null)
    }

    /// The number of requests that are held now.
    pub fn held(&self) -> usize {
        self.shared.held()
    }

    /// Blocks until `count` requests are held.
    ///
    /// # Errors
    /// It took longer than half a minute.
    pub fn wait_held(&self, count: usize) -> Result<(), ControlError> {
        self.control("POST", "/wait", &json!({"held": count}))
            .map(drop)
    }

    /// Blocks until `count` requests to a route (`"any"`, `"login"`, a path …) have arrived.
    ///
    /// # Errors
    /// It took longer than half a minute.
    pub fn wait_requests(&self, route: &str, count: usize) -> Result<(), ControlError> {
        self.control("POST", "/wait", &json!({"requests": count, "route": route}))
            .map(drop)
    }

    /// Releases all held requests. Returns their number.
    ///
    /// # Errors
    /// The sandbox is closed.
    pub fn release(&self) -> Result<u64, ControlError> {
        let released = self.control("POST", "/release", &Value::Null)?;
        Ok(released["released"].as_u64().unwrap_or_default())
    }

    /// Restores the state after the start.
    ///
    /// # Errors
    /// The sandbox is closed.
    pub fn reset(&self) -> Result<(), ControlError> {
        self.control("POST", "/reset", &Value::Null).map(drop)
    }

    /// Stops the sandbox. When this returns, its connections are closed and its ports are free. A second call does nothing.
    pub fn close(&self) {
        let running = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(running) = running {
            // Fails if the thread has ended by itself; it is joined in either case.
            let _ = running.stop.send(());
            let _ = running.thread.join();
        }
    }

    fn call(
        &self,
        method: &str,
        path: &str,
        body: &Value,
    ) -> impl Future<Output = Result<Value, ControlError>> + Send + use<> {
        let (shared, method, path, body) = (
            Arc::clone(&self.shared),
            method.to_owned(),
            path.to_owned(),
            body.clone(),
        );
        async move { control::call(&shared, &method, &path, &body).await }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.close();
    }
}

fn closed() -> ControlError {
    ControlError {
        status: 503,
        message: "the sandbox is closed".to_owned(),
    }
}

fn run(settings: Settings, started: &mpsc::Sender<Started>, stopped: oneshot::Receiver<()>) {
    // Two threads: one can respond while the other hashes a body, and the rest of the machine is left to what is tested.
    let runtime = match Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("evertoken-sandbox")
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return drop(started.send(Err(error))),
    };
    runtime.block_on(async {
        let bound = match Bound::new(&settings) {
            Ok(bound) => bound,
            Err(error) => return drop(started.send(Err(error))),
        };
        let shared = Arc::new(Shared::new(settings, bound.addresses.clone()));
        bound.serve(&shared);
        // Fails only if the caller of `start` is gone, and with it the other end of `stopped`.
        let _ = started.send(Ok((shared, Handle::current())));
        let _ = stopped.await;
    });
    // No task blocks, so this returns at once. The limit is for an overloaded system.
    runtime.shutdown_timeout(Duration::from_secs(2));
}
