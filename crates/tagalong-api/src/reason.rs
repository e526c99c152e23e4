//! The closed list of reasons that conditions, events and plans carry. One word means one thing everywhere.

use std::fmt;

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident)+) => {
        /// Why an object, or one site of it, is as it is. The names are Flux's where Flux has one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason { $($(#[doc = $doc])+ $name,)+ }

        impl Reason {
            /// Every reason, in the order of the list.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The word, as it stands in conditions and machine output.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// The reason with this word.
            pub fn of(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|reason| reason.as_str() == word)
            }
        }
    };
}

reasons! {
    /// Done, and as it should be.
    Succeeded
    /// Failed without a closer reason.
    Failed
    /// Failed; the word of older conditions, kept where Flux still uses it.
    Failure
    /// At work.
    Progressing
    /// At work again after a failure.
    ProgressingWithRetry
    /// Born suspended (RULES 28).
    Suspended

    /// A reference across namespaces is not allowed.
    AccessDenied
    /// Asks for something that this build or configuration leaves out.
    FeatureGateDisabled
    /// A referenced object is missing or not ready.
    DependencyNotReady

    /// `ImageRepository.spec.image` is no image name.
    ImageURLInvalid
    /// Credentials are missing, malformed or refused.
    AuthenticationFailed
    /// A listing failed.
    ReadOperationFailed

    /// `ImagePolicy.spec` cannot decide: bad range, order or pattern.
    InvalidPolicy
    /// `digestReflectionPolicy: Always` without an interval.
    IntervalNotConfigured

    /// `update.strategy` is not Setters.
    InvalidUpdateStrategy
    /// The automation or its GitRepository cannot be used as written.
    InvalidSourceConfiguration
    /// The Git remote could not be set up.
    SourceManagerFailed
    /// A fetch, commit or push failed.
    GitOperationFailed
    /// Files could not be updated.
    UpdateFailed
    /// `schedule` or `limits` cannot be read.
    InvalidSchedule
    /// `policySelector` is malformed.
    InvalidPolicySelector
    /// The message template uses a field that Flux's API no longer has.
    RemovedTemplateField

    /// A Git operation succeeded.
    GitOperationSucceeded
    /// `GitRepository.spec.url` cannot be used.
    URLInvalid
    /// `provider` and credentials do not go together, or the provider is not supported.
    InvalidProviderConfiguration
    /// A signature could not be checked.
    VerificationError
    /// A commit's signature is missing or wrong.
    InvalidCommitSignature
    /// A tag's signature is missing or wrong.
    InvalidTagSignature
    /// A mode of verification that does not go with what is followed.
    InvalidVerificationMode
    /// A tag that should be signed is not.
    InvalidGitObject
    /// The remote has no commit yet.
    EmptyGitRepository
    /// The remote is ahead of the artifact.
    NewRevision
    /// The artifact is that of the current revision.
    ArtifactUpToDate
    /// A new artifact was made.
    NewArtifact
    /// A folder of the artifact storage could not be made.
    DirectoryCreationFailed
    /// A file of the artifact storage could not be looked at.
    StatOperationFailed
    /// The lock of an artifact could not be taken.
    AcquireLockFailed
    /// A path leaves its root or does not exist.
    InvalidPath
    /// The artifact's archive could not be written.
    ArchiveOperationFailed
    /// The object could not be patched.
    PatchOperationFailed

    /// Built and applied, and healthy where that was asked.
    ReconciliationSucceeded
    /// Objects could not be applied.
    ReconciliationFailed
    /// The source has nothing to build from.
    ArtifactFailed
    /// The folder could not be built.
    BuildFailed
    /// Objects that are no longer built could not be deleted.
    PruneFailed
    /// What somebody else had changed is as the repository says again.
    DriftCorrected
    /// Drift of some objects is not seen at once, as was asked.
    WatchFailed
    /// Objects did not become healthy.
    HealthCheckFailed
    /// Health checks were ended because there was something newer to apply.
    HealthCheckCanceled
    /// An expression cannot be read.
    InvalidCELExpression

    /// The site holds a tag that the policy accepts and that is above the selected one (RULES 2).
    CurrentIsAhead
    /// The selected tag is listed, but the registry has no manifest for it (RULES 5).
    TagGone
    /// A `:digest` marker whose policy reflects none (RULES 6).
    NoDigest
    /// The marker itself carries a hold.
    Held
    /// Somebody else's commit is on the branch (RULES 17).
    ForeignCommits
    /// A marker names a policy that does not exist, or that does not take part.
    UnknownPolicy
    /// The marker's policy has nothing selected yet.
    PolicyNotReady
    /// Somebody took the tag away that would be written (RULES 10).
    Reverted
    /// A site was pinned by a revert.
    Pinned
    /// A commit of the automation was taken back because something was not healthy with it (RULES 16).
    RolledBack
    /// The branch's history cannot be had as far back as it takes to tell (RULES 13).
    HistoryTooShort
    /// A commit that was on the branch is not in its history any more (RULES 12).
    HistoryRewritten
    /// The best tags have not been seen for as long as the policy's minimumAge asks (RULES 8).
    TooYoung
    /// The best tags are not there for every platform that the policy asks for.
    PlatformMissing
    /// There is something to write, and no window of the automation's schedule is open.
    WindowClosed
    /// There is more to write than one run of the automation may.
    TooManyChanges
    /// The automation has committed as often within an hour as it may.
    TooManyCommits
    /// A new tag came just now, and more may come with it.
    QuietPeriod
    /// The value at the site is no longer accepted by the policy (RULES 2).
    LeftPolicy

    /// A pull request was opened.
    PullRequestOpened
    /// A pull request was written again, from where its base is now.
    PullRequestRefreshed
    /// A pull request was closed because nothing is left for it to do.
    PullRequestClosed
    /// Somebody closed the pull request that would have written this (RULES 18).
    ClosedUnmerged
    /// As many pull requests are open, or were opened, as the automation allows.
    PullRequestLimit
    /// The host of the pull requests did not do what it was asked.
    PullRequestFailed
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_reason_is_one_camel_case_word() {
        let words: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(words.len(), Reason::ALL.len());
        for word in words {
            assert!(word.starts_with(|c: char| c.is_ascii_uppercase()), "{word}");
            assert!(word.chars().all(|c| c.is_ascii_alphanumeric()), "{word}");
        }
        assert_eq!(serde_json::to_string(&Reason::NoDigest).unwrap(), "\"NoDigest\"");
    }
}
