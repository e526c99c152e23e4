//! An admission webhook that the API server asks: what it refuses is told with its words and holds the rest of the set
//! back, what it lets through in a dry run and refuses in earnest leaves nothing behind that is forgotten, and one that
//! does not answer is asked again.

use super::super::place::Place;
use super::place::{APPS, config};
use std::time::{Duration, Instant};
use tagalong_testkit::webhook::{Answer, Review, Webhook};

const WORDS: &str = "nothing loud is wanted here";

impl Place {
    /// A webhook that the API server asks about the ConfigMaps of this namespace.
    pub(super) fn webhook(&self, seconds: u8) -> Webhook {
        let webhook = Webhook::start().unwrap();
        self.kubectl(&["apply", "-f", "-"], &webhook.registration(&self.namespace, seconds).to_string());
        // The API server learns of its webhooks a moment later.
        let begin = Instant::now();
        while webhook.asked().is_empty() {
            self.own(&["create", "configmap", "try", "--dry-run=server"], "");
            assert!(begin.elapsed() < Duration::from_secs(60), "the webhook is not asked");
        }
        webhook
    }

    /// The names of the ConfigMaps that the Kustomization has applied.
    fn applied_maps(&self) -> String {
        let labelled = ["get", "configmap", "-l", "kustomize.toolkit.fluxcd.io/name=apps"];
        self.own(&[&labelled[..], &["-o=jsonpath={.items[*].metadata.name}"]].concat(), "")
    }

    /// Waits until the last revision is the one that Ready tells of: what it says is no longer of the one before.
    fn until_tried(&self, revision: &str) {
        self.until(APPS, ".status.lastAttemptedRevision", revision);
    }
}

fn is_loud(review: &Review) -> bool {
    review.object["data"]["value"] == "loud"
}

#[test]
fn what_a_webhook_refuses_is_told_with_its_words_and_nothing_of_its_stage_is_written() {
    let before = [config("a", "1"), config("old", "1")].join("---\n");
    let after = [config("a", "2"), config("b", "loud")].join("---\n");
    let Some(place) = Place::synced("webhook", &[("apps/all.yaml", &before)]) else { return };
    let webhook = place.webhook(10);
    webhook.answer(|review| if is_loud(review) { Answer::Refuse(WORDS) } else { Answer::Allow });
    place.apply(&place.kustomization("apps", "  retryInterval: 1s\n"));
    let _controller = place.syncing();
    place.until_ready(APPS);

    let revision = place.push(&[("apps/all.yaml", &after)], "1");
    place.until_tried(&revision);
    let says = place.until_ready_says(APPS, WORDS);
    let map = format!("ConfigMap/{}/b dry-run failed", place.namespace);
    assert!(says.contains(&map) && says.contains("gate.acme.dev"), "{says}");
    assert_eq!(place.get("configmap/a", ".data.value"), "1", "its neighbour was written");
    assert_eq!(place.applied_maps(), "a old", "something was pruned although the set was refused");
    assert!(webhook.asked().iter().filter(|review| is_loud(review)).all(|review| review.dry_run));

    // Nothing is pushed and nobody asks: the retry finds that the webhook has changed its mind.
    webhook.answer(|_| Answer::Allow);
    place.until_applied(APPS, &revision);
    place.until_ready(APPS);
    assert_eq!(place.get("configmap/a", ".data.value"), "2");
    assert_eq!(place.applied_maps(), "a b");
}

#[test]
fn what_a_webhook_refuses_in_earnest_alone_is_tried_again_and_nothing_is_forgotten() {
    let before = [config("a", "1"), config("old", "1")].join("---\n");
    let after = [config("a", "2"), config("b", "loud")].join("---\n");
    let Some(place) = Place::synced("earnest", &[("apps/all.yaml", &before)]) else { return };
    let webhook = place.webhook(10);
    place.apply(&place.kustomization("apps", "  retryInterval: 1s\n"));
    let _controller = place.syncing();
    place.until_ready(APPS);

    let refuses = |review: &Review| is_loud(review) && !review.dry_run;
    webhook.answer(move |review| if refuses(review) { Answer::Refuse(WORDS) } else { Answer::Allow });
    let revision = place.push(&[("apps/all.yaml", &after)], "1");
    place.until_tried(&revision);
    let says = place.until_ready_says(APPS, WORDS);
    assert!(says.contains(&format!("ConfigMap/{}/b apply failed", place.namespace)), "{says}");
    // Those of one rank are written side by side, and what left waits until all that comes is there.
    assert_eq!(place.get("configmap/a", ".data.value"), "2");
    assert_eq!(place.applied_maps(), "a old");
    let ids = place.get(APPS, ".status.inventory.entries[*].id");
    for name in ["a", "b", "old"] {
        assert!(ids.contains(&format!("{}_{name}__ConfigMap", place.namespace)), "{ids}");
    }

    webhook.answer(|_| Answer::Allow);
    place.until_applied(APPS, &revision);
    place.until_ready(APPS);
    assert_eq!(place.applied_maps(), "a b");
}

#[test]
fn a_webhook_that_does_not_answer_is_told_and_asked_again() {
    let Some(place) = Place::synced("silent", &[("apps/a.yaml", &config("a", "1"))]) else { return };
    let webhook = place.webhook(1);
    place.apply(&place.kustomization("apps", "  retryInterval: 1s\n"));
    let _controller = place.syncing();
    place.until_ready(APPS);

    webhook.answer(|_| Answer::Silence);
    let revision = place.push(&[("apps/a.yaml", &config("a", "2"))], "1");
    place.until_tried(&revision);
    let says = place.until_ready_says(APPS, "failed calling webhook");
    let map = format!("ConfigMap/{}/a dry-run failed (InternalError)", place.namespace);
    assert!(says.contains(&map) && says.contains("gate.acme.dev"), "{says}");
    assert_eq!(place.get("configmap/a", ".data.value"), "1");
    let before = webhook.asked().len();
    let begin = Instant::now();
    while webhook.asked().len() == before {
        assert!(begin.elapsed() < Duration::from_secs(60), "it is not asked again");
        std::thread::yield_now();
    }

    webhook.answer(|_| Answer::Allow);
    place.until_applied(APPS, &revision);
    place.until_ready(APPS);
    assert_eq!(place.get("configmap/a", ".data.value"), "2");
}
