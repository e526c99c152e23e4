//! Flux's kinds as Rust types, and the pure rules around them: what a valid object is, which conditions
//! a reconcile leaves behind, who may refer to whom. Used by both desks and the engine.
//!
//! ```text
//! ImagePolicy (as written)  →  validate::policy  →  ValidPolicy | Invalid{reason, message, field}
//! Outcome + old conditions  →  condition::next   →  [Ready, Reconciling, Stalled]
//! ```
//!
//! Shapes, defaults, reasons and messages are Flux's, so that its command line, dashboards and alerts keep
//! working. What is ours alone is an optional field whose description begins with `Extension:`.

pub mod access;
pub mod condition;
pub mod crds;
mod kinds;
mod reason;
pub mod validate;

pub use kinds::automation::{
    CommitSpec, CommitUser, GitCheckout, GitSpec, ImageUpdateAutomation, ImageUpdateAutomationSpec,
    ImageUpdateAutomationStatus, LimitsSpec, PinStatus, PushSpec, RollbackSpec, SigningKey, SourceReference,
    UpdateStrategy, WindowSpec,
};
pub use kinds::kustomization::{
    CommonMetadata, Decryption, DependencyReference, DriftDetection, DriftStatus, DriftedObject,
    HealthCheckExpression, HealthCheckReference, IgnoreRule, Inventory, InventoryEntry, KubeConfigReference,
    Kustomization, KustomizationImage, KustomizationPatch, KustomizationSourceReference, KustomizationSpec,
    KustomizationStatus, PostBuild, SecretKeyReference, Selector, Snapshot, SubstituteReference,
};
pub use kinds::policy::{
    CandidateStatus, ImagePolicy, ImagePolicySpec, ImagePolicyStatus, ImageReference, OrderedPolicy,
    PolicyChoice, SemverPolicy, TagFilter,
};
pub use kinds::pull_request::{PullRequestLimits, PullRequestSpec, PullRequestStatus};
pub use kinds::repository::{
    AccessFrom, ImageRepository, ImageRepositorySpec, ImageRepositoryStatus, NamespaceSelector, ScanResult,
};
pub use kinds::source::{
    Artifact, GitRepository, GitRepositoryInclude, GitRepositoryRef, GitRepositorySpec, GitRepositoryStatus,
    GitRepositoryVerification,
};
pub use kinds::{DURATION_PATTERN, LocalReference, NamespacedReference, TIMEOUT_PATTERN};
pub use reason::Reason;

/// `image.toolkit.fluxcd.io`: ImageRepository, ImagePolicy, ImageUpdateAutomation.
pub const IMAGE_GROUP: &str = "image.toolkit.fluxcd.io";
/// `source.toolkit.fluxcd.io`: GitRepository.
pub const SOURCE_GROUP: &str = "source.toolkit.fluxcd.io";
/// `kustomize.toolkit.fluxcd.io`: Kustomization.
pub const KUSTOMIZE_GROUP: &str = "kustomize.toolkit.fluxcd.io";
/// The version of the groups that is served.
pub const VERSION: &str = "v1";
/// The finalizer on every kind.
pub const FINALIZER: &str = "finalizers.fluxcd.io";
/// The annotation by which `flux reconcile` and webhook receivers ask for a run now. Its value is opaque and is
/// echoed in `status.lastHandledReconcileAt`.
pub const RECONCILE_REQUEST: &str = "reconcile.fluxcd.io/requestedAt";
