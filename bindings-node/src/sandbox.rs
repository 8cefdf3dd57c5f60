//! The sandbox, for `evertoken/testing`.

use std::rc::Rc;
use std::sync::Arc;

use evertoken::runtime;
use evertoken_sandbox::{Sandbox, Settings};
use napi::bindgen_prelude::Either;
use napi_derive::napi;
use serde_json::Value as Json;

use crate::calls::Calls;
use crate::line::Value;
use crate::port::Port;

/// Why a control call was refused.
#[napi(object, object_from_js = false)]
pub struct Refusal {
    /// Always true: tells a failure from a result.
    pub failed: bool,
    /// The status it would have over HTTP.
    pub status: u32,
    /// What is wrong.
    pub message: String,
}

/// A running sandbox.
#[napi]
pub struct NativeSandbox {
    sandbox: Arc<Sandbox>,
    calls: Rc<Calls>,
}

/// Starts a sandbox with these settings, as JSON text.
#[napi(catch_unwind)]
pub fn start_sandbox(port: &Port, settings: String) -> Either<NativeSandbox, Refusal> {
    let refuse = |message: String| {
        Either::B(Refusal {
            failed: true,
            status: 400,
            message,
        })
    };
    let settings = match serde_json::from_str::<Json>(&settings) {
        Ok(settings) => settings,
        Err(error) => return refuse(error.to_string()),
    };
    let settings = match Settings::from_json(&settings) {
        Ok(settings) => settings,
        Err(error) => return refuse(error),
    };
    match Sandbox::start(settings) {
        Ok(sandbox) => Either::A(NativeSandbox {
            sandbox: Arc::new(sandbox),
            calls: port.calls(),
        }),
        Err(error) => refuse(error.to_string()),
    }
}

#[napi]
impl NativeSandbox {
    /// The start line, as JSON text.
    #[napi(catch_unwind)]
    pub fn info(&self) -> String {
        self.sandbox.info().to_string()
    }

    /// A control call; the response is JSON text. Blocks: not for waits.
    #[napi(catch_unwind)]
    pub fn control(&self, method: String, path: String, body: String) -> Either<String, Refusal> {
        let body = serde_json::from_str(&body).unwrap_or(Json::Null);
        match self.sandbox.control(&method, &path, &body) {
            Ok(response) => Either::A(response.to_string()),
            Err(error) => Either::B(Refusal {
                failed: true,
                status: error.status.into(),
                message: error.message,
            }),
        }
    }

    /// A control call that may take its time; delivers JSON text or a refusal.
    #[napi(catch_unwind)]
    pub fn wait(&self, id: i64, path: String, body: String) {
        let sandbox = Arc::clone(&self.sandbox);
        let body = serde_json::from_str(&body).unwrap_or(Json::Null);
        let answered = async move {
            Ok(match sandbox.control_async("POST", &path, &body).await {
                Ok(response) => Value::of(response.to_string()),
                Err(error) => Value::of(Refusal {
                    failed: true,
                    status: error.status.into(),
                    message: error.message,
                }),
            })
        };
        self.calls.start(id, answered, |response| response);
    }

    /// Stops it; its ports are free once true is delivered.
    #[napi(catch_unwind)]
    pub fn close(&self, id: i64) {
        let sandbox = Arc::clone(&self.sandbox);
        let stopped = async move {
            let stopping = runtime::handle().spawn_blocking(move || sandbox.close());
            Ok(stopping.await.is_ok())
        };
        self.calls.start(id, stopped, Value::of);
    }
}
