//! What can go wrong with the cluster itself. Said to whoever started the process, or by the desk to the engine.

use tagalong_engine::DeskError;

/// The API server cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// Nothing names a cluster; why not.
    #[error("there is no cluster: {0}; set KUBECONFIG, or run in a Pod")]
    Nowhere(String),
    /// What names the cluster cannot be used.
    #[error("the cluster cannot be used: {0}")]
    Config(String),
    /// A request failed.
    #[error("{0}")]
    Request(String),
    /// A flag's value cannot be used.
    #[error("{0}")]
    Selector(String),
}

impl From<kube::Error> for ClusterError {
    fn from(error: kube::Error) -> Self {
        Self::Request(said(&error))
    }
}

/// An API error in words for people: what the API server said, or that it did not answer.
pub(crate) fn said(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) if !status.message.is_empty() => status.message.clone(),
        kube::Error::Api(status) => format!("the API server answered {}", status.code),
        other => {
            let mut text = format!("the API server does not answer: {other}");
            let mut cause = std::error::Error::source(other);
            while let Some(inner) = cause {
                let inner_text = inner.to_string();
                if !text.contains(&inner_text) {
                    text = format!("{text}: {inner_text}");
                }
                cause = inner.source();
            }
            text
        }
    }
}

/// The same for the engine, which tries again later.
pub(crate) fn unreachable(error: &kube::Error) -> DeskError {
    DeskError::Unreachable(said(error))
}
