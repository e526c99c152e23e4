//! Requests to the API server, counted by method and status code under client-go's name, so that dashboards find
//! them. A layer of the client; made by `connect`, shown by the binary.

use futures::future::BoxFuture;
use http::{Request, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use std::task::{Context, Poll};
use tower::{Layer, Service};

/// The counters. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Requests(Family<Labels, Counter>);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    code: String,
    host: String,
    method: String,
}

impl Requests {
    /// Adds the counters to what is shown.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "rest_client_requests",
            "Requests to the API server, by status code, host and method",
            self.0.clone(),
        );
    }

    /// The layer that counts requests to this host.
    pub(crate) fn layer(&self, host: String) -> Counting {
        Counting { requests: self.clone(), host }
    }

    fn count(&self, host: &str, method: &str, code: &str) {
        let labels = Labels { code: code.to_owned(), host: host.to_owned(), method: method.to_owned() };
        self.0.get_or_create(&labels).inc();
    }
}

/// Wraps a client's service.
#[derive(Debug, Clone)]
pub(crate) struct Counting {
    requests: Requests,
    host: String,
}

/// A client's service whose requests are counted.
#[derive(Debug, Clone)]
pub(crate) struct Counted<S> {
    inner: S,
    counting: Counting,
}

impl<S> Layer<S> for Counting {
    type Service = Counted<S>;

    fn layer(&self, inner: S) -> Counted<S> {
        Counted { inner, counting: self.clone() }
    }
}

impl<S, A, B> Service<Request<A>> for Counted<S>
where
    S: Service<Request<A>, Response = Response<B>>,
    S::Future: Send + 'static,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<B>, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let (counting, method) = (self.counting.clone(), request.method().clone());
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await;
            // The word that client-go has for a request without an answer.
            let code =
                answer.as_ref().map_or("<error>".to_owned(), |answer| answer.status().as_str().to_owned());
            counting.requests.count(&counting.host, method.as_str(), &code);
            answer
        })
    }
}
