//! The gates of a policy, with what they need to know of its best candidates (RULES 1 and 8). What is known is asked for
//! best first and no further than the first candidate that passes; only here does a gate cost a request.

use super::act::Asker;
use super::{Failure, Retry, Waiting};
use crate::context::Context;
use crate::desk::Desk;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use std::collections::{BTreeMap, BTreeSet};
use tagalong_api::validate::{ValidPolicy, ValidRepository};
use tagalong_api::{CandidateStatus, ImagePolicy, ImageReference, Reason};
use tagalong_model::Digest;
use tagalong_policy::{Decision, Fact, Facts, Gate, GateHit, GateRefusal, MinimumAge, Platforms};
use tagalong_store::{Listing, Sight, Sights};

/// How many candidates are looked at in one turn at most.
const LOOKS: usize = 50;
/// The most candidates that a status lists.
const LISTED: usize = 100;

/// A decision with the images behind it.
pub(super) struct Weighed {
    pub(super) decision: Decision,
    /// What each candidate that was looked at points to.
    pub(super) digests: BTreeMap<String, Digest>,
    /// For the status.
    pub(super) candidates: Vec<CandidateStatus>,
    /// Whether a candidate was refused for what only its publisher can mend.
    pub(super) unfinished: bool,
}

/// What is known of the candidates of one policy, in one turn.
struct Contest<'a> {
    valid: &'a ValidPolicy,
    now: Timestamp,
    facts: Facts,
    digests: BTreeMap<String, Digest>,
    looked: BTreeSet<String>,
    /// Listed, and without a manifest.
    gone: BTreeSet<String>,
}

/// Refuses tags whose manifest is gone, as rule 5 would before they are written.
struct Gone<'a>(&'a BTreeSet<String>);

impl Gate for Gone<'_> {
    fn check(&self, tag: &str) -> Result<(), GateRefusal> {
        if !self.0.contains(tag) {
            return Ok(());
        }
        let message = format!("{tag} is listed, but its manifest is gone (404)");
        Err(GateRefusal { reason: Reason::TagGone.as_str(), message, until: None })
    }
}

impl Contest<'_> {
    /// Calls `then` with every gate of the policy, in order.
    fn with_gates<T>(&self, then: impl FnOnce(&[&dyn Gate]) -> T) -> T {
        let gone = Gone(&self.gone);
        let wanted = self.valid.platforms.as_slice();
        let platforms = Platforms { wanted, facts: &self.facts };
        let age = self.valid.minimum_age.map(|age| MinimumAge { age, now: self.now, facts: &self.facts });
        let mut gates: Vec<&dyn Gate> = vec![&gone];
        if !wanted.is_empty() {
            gates.push(&platforms);
        }
        gates.extend(age.iter().map(|gate| gate as &dyn Gate));
        then(&gates)
    }

    fn learn(&mut self, tag: &str, sight: &Sight) {
        let (first_seen, platforms) = (sight.first_seen, sight.platforms.clone());
        self.facts.insert(tag.to_owned(), Fact { first_seen, platforms });
        self.digests.insert(tag.to_owned(), sight.digest.clone());
    }
}

/// Looks at the candidates of a policy with gates, and decides.
///
/// # Errors
/// Where a registry did not answer: what is not known decides nothing.
pub(super) async fn weigh<'t, D: Desk>(
    context: &Context<D>,
    object: &ImagePolicy,
    valid: &ValidPolicy,
    asker: &Asker<'_, D>,
    tags: impl Iterator<Item = &'t str>,
    now: Timestamp,
) -> Result<Weighed, Failure> {
    if !valid.has_gates() {
        let decision = valid.rule.decide(tags, &[]);
        return Ok(Weighed { decision, digests: BTreeMap::new(), candidates: Vec::new(), unfinished: false });
    }
    let tags: Vec<&str> = tags.collect();
    let unreadable = |error: tagalong_store::StoreError| Failure {
        reason: Reason::Failure,
        message: error.to_string(),
        retry: Retry::BackOff,
    };
    let key = asker.listing_key();
    let mut sights = context.listings.sights(&key).map_err(unreadable)?;
    let mut new: Vec<Sight> = in_status(object, asker.image());
    sights.add(new.iter().cloned());
    // A clock that was ahead says nothing of age; by now it has been seen.
    let ahead = sights.clone().into_inner().into_iter().filter(|sight| sight.first_seen > now);
    new.extend(ahead.map(|sight| Sight { first_seen: now, ..sight }));
    sights.add(new.iter().cloned());
    let mut contest = Contest {
        valid,
        now,
        facts: Facts::new(),
        digests: BTreeMap::new(),
        looked: BTreeSet::new(),
        gone: BTreeSet::new(),
    };
    for (tag, sight) in sights.latest() {
        contest.learn(tag, sight);
    }
    let ranked = valid.rule.rank(tags.iter().copied()).accepted;
    while contest.looked.len() < LOOKS {
        let known = |tag: &str| contest.facts.contains_key(tag);
        let next = contest.with_gates(|gates| valid.rule.question(&ranked, gates, known, &contest.looked));
        let Some(tag) = next else { break };
        match asker.digest_if_there(tag).await? {
            None => _ = contest.gone.insert(tag.to_owned()),
            Some(digest) => {
                let mut sight = seen(&sights, tag, digest, now);
                if sight.platforms.is_none() && !valid.platforms.is_empty() {
                    sight.platforms = asker.platforms(tag, &sight.digest).await?;
                }
                sights.add([sight.clone()]);
                contest.learn(tag, &sight);
                new.push(sight);
            }
        }
        contest.looked.insert(tag.to_owned());
    }
    context.listings.add_sights(&key, new, now).map_err(unreadable)?;
    let mut decision = contest.with_gates(|gates| valid.rule.decide(tags.iter().copied(), gates));
    explain_once(context, &contest, &mut decision);
    let candidates = listed(&contest, &decision);
    let unfinished = |hit: &GateHit| hit.refusal.until.is_none() && contest.looked.contains(&hit.tag);
    let unfinished = decision.gated.iter().any(unfinished);
    Ok(Weighed { decision, digests: contest.digests, candidates, unfinished })
}

/// The last selection stays in use where no candidate passes: a gate keeps new images back, it takes none away.
pub(super) fn kept(
    object: &ImagePolicy,
    valid: &ValidPolicy,
    repository: &ValidRepository,
    listing: &Listing,
) -> Option<ImageReference> {
    let latest = object.status.as_ref()?.latest_ref.as_ref()?;
    let same_image = latest.name == repository.image.as_str();
    let listed = same_image && listing.iter().any(|tag| tag == latest.tag);
    let accepted = !repository.excluded.matches(&latest.tag) && valid.rule.judge(&latest.tag).is_ok();
    (listed && accepted).then(|| latest.clone())
}

/// No candidate passes, and there is no last selection.
pub(super) fn none_passes(waiting: &Waiting) -> Failure {
    let refusal = waiting.best.as_ref().map(|best| &best.refusal);
    let reason = refusal.and_then(|refusal| Reason::of(refusal.reason)).unwrap_or(Reason::Failure);
    let message = refusal.map(|refusal| refusal.message.clone()).unwrap_or_default();
    Failure { reason, message, retry: Retry::WhenWoken }
}

fn seen(sights: &Sights, tag: &str, digest: Digest, now: Timestamp) -> Sight {
    let known = sights.of(tag, &digest).cloned();
    known.unwrap_or_else(|| Sight { tag: tag.to_owned(), digest, first_seen: now, platforms: None })
}

/// First sights that a Pod before this one wrote into the status, of the same image.
fn in_status(object: &ImagePolicy, image: &str) -> Vec<Sight> {
    let Some(status) = &object.status else { return Vec::new() };
    if status.latest_ref.as_ref().is_some_and(|latest| latest.name != image) {
        return Vec::new();
    }
    let sight = |candidate: &CandidateStatus| {
        let digest = candidate.digest.parse().ok()?;
        Some(Sight {
            tag: candidate.tag.clone(),
            digest,
            first_seen: candidate.first_seen.0,
            platforms: None,
        })
    };
    status.candidates.iter().filter_map(sight).collect()
}

/// A first sight that nobody will remember is told: such a tag never becomes old enough.
fn explain_once<D: Desk>(context: &Context<D>, contest: &Contest<'_>, decision: &mut Decision) {
    let hint = match (context.settings.once, context.listings.are_kept()) {
        (false, _) => return,
        (true, true) => "; that counts only where the state folder is kept from run to run (--state)",
        (true, false) => "; this command keeps no first sight, `run` and `controller` do",
    };
    for hit in decision.gated.iter_mut().filter(|hit| hit.refusal.until.is_some()) {
        if contest.facts.get(&hit.tag).is_some_and(|fact| fact.first_seen == contest.now) {
            hit.refusal.message.push_str(hint);
        }
    }
}

/// What the status remembers: the selected tag, and those that wait, of many the ones that wait the shortest.
fn listed(contest: &Contest<'_>, decision: &Decision) -> Vec<CandidateStatus> {
    if contest.valid.minimum_age.is_none() {
        return Vec::new();
    }
    let waiting = decision.gated.iter().filter(|hit| hit.refusal.until.is_some()).map(|hit| &hit.tag);
    let tags: Vec<&String> = waiting.chain(&decision.equals).collect();
    let status = |tag: &&String| {
        let first_seen = contest.facts.get(*tag)?.first_seen;
        let digest = contest.digests.get(*tag)?.to_string();
        Some(CandidateStatus { tag: (*tag).clone(), digest, first_seen: Time(whole_second(first_seen)) })
    };
    tags.iter().skip(tags.len().saturating_sub(LISTED)).filter_map(status).collect()
}

/// A status holds whole seconds. Rounded up, nothing passes early.
fn whole_second(time: Timestamp) -> Timestamp {
    let second = time.as_second() + i64::from(time.subsec_nanosecond() > 0);
    Timestamp::from_second(second).unwrap_or(time)
}
