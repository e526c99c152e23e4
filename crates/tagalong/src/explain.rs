//! Explanations as data: what each step of the chain found, in the order in which things happen. Made for
//! `tagalong explain`; printed as text by `Display`, as a document by serde.

pub(crate) mod synced;
mod target;
mod text;

pub(crate) use target::Target;

use anyhow::bail;
use jiff::Timestamp;
use kube::ResourceExt;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tagalong_api::condition::{READY, find};
use tagalong_api::validate::{self, DigestReflection, ValidPolicy, ValidRepository};
use tagalong_api::{ImagePolicy, ImageRepository};
use tagalong_engine::automation::{TurnOutcome, TurnReport};
use tagalong_engine::policy::in_words;
use tagalong_engine::repository::listing_key;
use tagalong_engine::{Context, Desk, credentials, wake};
use tagalong_model::{ObjectKey, Setter, format_duration};
use tagalong_policy::{Gate, GateHit, GateRefusal, Verdict};

/// How many refused tags are shown.
const REFUSED_SHOWN: usize = 5;
/// How many candidates that gates refused are shown.
const GATED_SHOWN: usize = 5;
/// How many of the best are shown.
const BEST_SHOWN: usize = 5;
/// Marked lines shown beside one that is not.
const BESIDE_SHOWN: usize = 20;

/// Why one policy says what it says.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Explanation {
    policy: String,
    ready: bool,
    /// The condition's reason and message.
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    listing: Option<Listing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<Decision>,
    sites: Vec<Site>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Listing {
    tags: usize,
    excluded: usize,
    scanned_at: String,
    /// Only whole listings are ever stored; a broken one leaves the last whole one in force.
    complete: bool,
    next_scan: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Decision {
    rule: String,
    accepted: usize,
    refused: usize,
    refused_first: Vec<Refused>,
    best: Vec<Best>,
    gates: String,
    gated: Vec<Gated>,
    verdict: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    selected: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
}

#[derive(Debug, Serialize)]
struct Refused {
    tag: String,
    reason: &'static str,
    message: String,
}

#[derive(Debug, Serialize)]
struct Best {
    tag: String,
    value: String,
}

/// A candidate that a gate refused.
#[derive(Debug, Serialize)]
struct Gated {
    tag: String,
    reason: &'static str,
    message: String,
    /// When it passes, where time alone decides that.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    /// How long that is from now, in whole seconds.
    #[serde(rename = "in", skip_serializing_if = "Option::is_none")]
    left: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Site {
    repository: String,
    branch: String,
    file: String,
    line: u32,
    path: String,
    holds: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    becomes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<String>,
    /// Why it does not become that now.
    #[serde(skip_serializing_if = "Option::is_none")]
    waits: Option<String>,
}

impl Explanation {
    /// Whether the policy selects a tag.
    pub(crate) fn has_answer(&self) -> bool {
        self.ready
    }
}

/// Explains the policies that `target` means, all of them without one.
///
/// # Errors
/// When the target means nothing that is there.
pub(crate) async fn explain<D: Desk>(
    context: &Context<D>,
    turns: &[Arc<TurnReport>],
    target: Option<&Target>,
) -> anyhow::Result<Vec<Explanation>> {
    let mut policies = context.desk.kinds().policies.state();
    policies.sort_by_key(|policy| (policy.namespace(), policy.name_any()));
    let mut explanations = Vec::new();
    for policy in policies {
        let key = wake::key_of(policy.as_ref());
        let repository = repository_of(context, &policy);
        let image = repository.as_ref().map(|repository| repository.spec.image.clone());
        let sites = sites(&key, turns, target);
        let meant = match target {
            None => true,
            Some(Target::Policy(wanted)) => *wanted == key,
            Some(Target::Other(_)) => {
                !sites.is_empty() || target.is_some_and(|target| target.is_image(image.as_deref()))
            }
        };
        if meant {
            explanations.push(one(context, &policy, repository.as_deref(), sites).await);
        }
    }
    if explanations.is_empty()
        && let Some(target) = target
    {
        let lines = marked_beside(turns, target);
        if !lines.is_empty() {
            bail!("{target} is not marked; in that file these lines are: {}", lines.join(", "));
        }
        bail!(
            "{target} is no ImagePolicy, image, or marked file here; `tagalong explain DIR` shows all there are"
        );
    }
    Ok(explanations)
}

/// The first marked lines of the file of which the target names another line.
fn marked_beside(turns: &[Arc<TurnReport>], target: &Target) -> Vec<String> {
    let Some(path) = target.file() else { return Vec::new() };
    let files = turns.iter().flat_map(|turn| turn.files.iter()).filter(|file| file.path.as_str() == path);
    let fields = files.flat_map(|file| &file.scan.sites).flat_map(|site| &site.fields);
    let lines: BTreeSet<u32> = fields.map(|field| field.line).collect();
    lines.iter().take(BESIDE_SHOWN).map(u32::to_string).collect()
}

fn repository_of<D: Desk>(context: &Context<D>, policy: &ImagePolicy) -> Option<Arc<ImageRepository>> {
    let reference = &policy.spec.image_repository_ref;
    let namespace = reference.namespace.clone().or_else(|| policy.namespace()).unwrap_or_default();
    let key = kube::runtime::reflector::ObjectRef::new(&reference.name).within(&namespace);
    context.desk.kinds().repositories.get(&key)
}

async fn one<D: Desk>(
    context: &Context<D>,
    policy: &ImagePolicy,
    repository: Option<&ImageRepository>,
    sites: Vec<Site>,
) -> Explanation {
    let conditions = policy.status.as_ref().map_or(&[][..], |status| &status.conditions);
    let ready = find(conditions, READY);
    let mut explanation = Explanation {
        policy: format!("ImagePolicy/{}", wake::key_of(policy)),
        ready: ready.is_some_and(|ready| ready.status == "True"),
        status: ready.map(|ready| format!("{}: {}", ready.reason, ready.message)).unwrap_or_default(),
        image: repository.map(|repository| repository.spec.image.clone()),
        listing: None,
        decision: None,
        sites,
    };
    let valid = (validate::policy(policy), repository.map(validate::repository));
    let (Ok(valid), Some(Ok(repository))) = valid else { return explanation };
    let Ok(access) = credentials::registry::access(&context.desk, &repository).await else {
        return explanation;
    };
    let Ok(Some(listing)) = context.listings.tags(&listing_key(&repository, &access)) else {
        return explanation;
    };
    let tags: Vec<&str> = listing.iter().filter(|tag| !repository.excluded.matches(tag)).collect();
    explanation.listing = Some(Listing {
        tags: listing.iter().len(),
        excluded: listing.iter().len() - tags.len(),
        scanned_at: format!("{:.0}", listing.head().scanned_at),
        complete: true,
        next_scan: next_scan(&repository, listing.head().scanned_at),
    });
    let gated = context.decisions.gated(&valid.key);
    explanation.decision = Some(decision(policy, &valid, &tags, gated));
    explanation
}

fn next_scan(repository: &ValidRepository, scanned_at: jiff::Timestamp) -> String {
    if repository.suspend {
        return "never: the ImageRepository is suspended".to_owned();
    }
    scanned_at.checked_add(repository.interval).map(|next| format!("{next:.0}")).unwrap_or_default()
}

fn decision(policy: &ImagePolicy, valid: &ValidPolicy, tags: &[&str], gated: Vec<GateHit>) -> Decision {
    let now = Timestamp::now();
    let ranking = valid.rule.rank(tags.iter().copied());
    let (accepted, refused) = (ranking.accepted.len(), ranking.refused.len());
    let refused_first = ranking.refused.into_iter().take(REFUSED_SHOWN);
    let refused_first =
        refused_first.map(|(tag, why)| Refused { tag, reason: why.reason(), message: why.to_string() });
    let best = ranking
        .accepted
        .into_iter()
        .take(BEST_SHOWN)
        .map(|ranked| Best { tag: ranked.tag, value: ranked.value });
    let latest = policy.status.as_ref().and_then(|status| status.latest_ref.as_ref());
    let gates = Gates(gated.iter().map(|hit| (hit.tag.as_str(), &hit.refusal)).collect());
    let (verdict, selected) = match valid.rule.decide(tags.iter().copied(), &[&gates]).verdict {
        Verdict::Select { tag, .. } => (format!("Select {tag}"), Some(tag)),
        Verdict::Hold { until, why } => (format!("Hold until {until:.0}: {}", why.message), None),
        Verdict::Refuse { why } => (format!("Refuse: {why}"), None),
    };
    Decision {
        rule: in_words(policy),
        accepted,
        refused,
        refused_first: refused_first.collect(),
        best: best.collect(),
        gates: gates_of(policy),
        gated: gated.into_iter().take(GATED_SHOWN).map(|hit| Gated::new(hit, now)).collect(),
        verdict,
        selected,
        digest: match valid.digest {
            DigestReflection::Never => None,
            _ => latest.and_then(|latest| latest.digest.clone()),
        },
    }
}

/// What the gates said in the turn that was just made, as a gate.
struct Gates<'a>(BTreeMap<&'a str, &'a GateRefusal>);

impl Gate for Gates<'_> {
    fn check(&self, tag: &str) -> Result<(), GateRefusal> {
        self.0.get(tag).map_or(Ok(()), |refusal| Err((*refusal).clone()))
    }
}

impl Gated {
    fn new(hit: GateHit, now: Timestamp) -> Self {
        let GateRefusal { reason, message, until } = hit.refusal;
        let left = until.map(|until| until.as_second() - now.as_second());
        let left = left.map(|left| format_duration(Duration::from_secs(left.try_into().unwrap_or_default())));
        Self { tag: hit.tag, reason, message, until: until.map(|until| format!("{until:.0}")), left }
    }
}

/// The gates in the policy's own words.
fn gates_of(policy: &ImagePolicy) -> String {
    let age = policy.spec.minimum_age.as_ref().map(|age| format!("minimumAge {age}"));
    let platforms = &policy.spec.platforms;
    let platforms = (!platforms.is_empty()).then(|| format!("platforms {}", platforms.join(" ")));
    let gates: Vec<String> = [platforms, age].into_iter().flatten().collect();
    if gates.is_empty() { "none".to_owned() } else { gates.join(", ") }
}

/// The sites of a policy, in file order; only those `target` names where it names a file.
fn sites(policy: &ObjectKey, turns: &[Arc<TurnReport>], target: Option<&Target>) -> Vec<Site> {
    let mut sites = Vec::new();
    for turn in turns {
        for file in turn.files.iter() {
            for (index, site) in file.scan.sites.iter().enumerate().filter(|(_, site)| site.policy == *policy)
            {
                let wanted = |line: u32| match target {
                    Some(target @ Target::Other(_)) => target.is_place(file.path.as_str(), line),
                    _ => true,
                };
                for (at, field) in site.fields.iter().enumerate().filter(|(_, field)| wanted(field.line)) {
                    let planned = |edit: &&_| same_place(edit, file.path.as_str(), (index, at));
                    let held = turn.plan.held.iter().find(|held| {
                        held.path == file.path
                            && held.policy == *policy
                            && site.fields.iter().any(|field| field.line == held.line)
                    });
                    let becomes = turn.plan.edits.iter().find(planned).map(|edit| edit.to.clone());
                    let waits = match &turn.outcome {
                        TurnOutcome::Waiting(wait) if becomes.is_some() => {
                            Some(format!("{}: {}", wait.reason, wait.message))
                        }
                        _ => None,
                    };
                    sites.push(Site {
                        repository: turn.url.clone(),
                        branch: turn.branch.clone(),
                        file: file.path.to_string(),
                        line: field.line,
                        path: if field.setter == Setter::Image {
                            field.path.clone()
                        } else {
                            format!("{} ({})", field.path, field.setter.word())
                        },
                        holds: field.value.clone(),
                        becomes,
                        waits,
                        held: held.map(|held| format!("{}: {}", held.reason.as_str(), held.message)),
                    });
                }
            }
        }
    }
    sites
}

fn same_place(edit: &tagalong_engine::automation::PlannedEdit, file: &str, place: (usize, usize)) -> bool {
    edit.path.as_str() == file && edit.place == place
}
