//! Holds calls before and after they are made.

use std::sync::{Arc, Mutex, MutexGuard};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use tokio::sync::oneshot;

/// Holds calls before and after they are made, until they are released. An open gate holds none.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    state: Option<Arc<Mutex<State>>>,
}

#[derive(Debug, Default)]
struct State {
    /// Where calls wait (`before get`, `after PutItem`), in the order of arrival.
    waiting: Vec<(String, oneshot::Sender<()>)>,
    /// Calls between their two gates that really take time.
    running: usize,
}

impl Gate {
    /// A gate that holds every call.
    #[must_use]
    pub fn closed() -> Self {
        Self {
            state: Some(Arc::default()),
        }
    }

    fn lock(&self) -> Option<MutexGuard<'_, State>> {
        let state = self.state.as_ref()?;
        Some(state.lock().expect("no call panics"))
    }

    /// Waits until the call may go on.
    pub async fn wait(&self, at: String) {
        let released = self.lock().map(|mut state| {
            let (release, released) = oneshot::channel();
            state.waiting.push((at, release));
            released
        });
        if let Some(released) = released {
            // An error means that the test is over.
            let _ = released.await;
        }
    }

    /// Where calls wait, in the order of arrival.
    #[must_use]
    pub fn waiting(&self) -> Vec<String> {
        self.lock().map_or_else(Vec::new, |state| {
            state.waiting.iter().map(|(at, _)| at.clone()).collect()
        })
    }

    /// Lets one of the waiting calls go on.
    pub fn release(&self, index: usize) {
        if let Some(mut state) = self.lock() {
            let (_, release) = state.waiting.remove(index);
            // An error means that the call was cancelled.
            let _ = release.send(());
        }
    }

    /// Whether nothing happens until a call is released.
    pub(crate) fn is_idle(&self) -> bool {
        self.lock().is_none_or(|mut state| {
            state.waiting.retain(|(_, release)| !release.is_closed());
            state.running == 0 && !state.waiting.is_empty()
        })
    }

    fn running(&self, change: isize) {
        if let Some(mut state) = self.lock() {
            state.running = state.running.saturating_add_signed(change);
        }
    }

    /// An HTTP client whose requests have to pass the gate, by the name of their operation.
    #[must_use]
    pub fn http_client(&self, inner: SharedHttpClient) -> SharedHttpClient {
        let gate = self.clone();
        SharedHttpClient::new(GatedClient { inner, gate })
    }
}

#[derive(Debug)]
struct GatedClient {
    inner: SharedHttpClient,
    gate: Gate,
}

impl HttpClient for GatedClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        let gate = self.gate.clone();
        SharedHttpConnector::new(GatedConnector { inner, gate })
    }
}

#[derive(Debug)]
struct GatedConnector {
    inner: SharedHttpConnector,
    gate: Gate,
}

impl HttpConnector for GatedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (inner, gate) = (self.inner.clone(), self.gate.clone());
        HttpConnectorFuture::new(async move {
            // `DynamoDB_20120810.GetItem`
            let target = request.headers().get("x-amz-target").unwrap_or_default();
            let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
            gate.wait(format!("before {operation}")).await;
            gate.running(1);
            let response = inner.call(request).await;
            gate.running(-1);
            gate.wait(format!("after {operation}")).await;
            response
        })
    }
}
