//! An API server that goes away in the middle and comes back.

use serde_json::{Value, json};
use tagalong_apply::{ApplyError, Cluster, Owner, State};
use tagalong_testkit::control_plane::ControlPlane;

use crate::counter::Counter;
use crate::place::{OPTIONS, deployment, finished};

fn set(namespace: &str) -> Vec<Value> {
    let map = |at: usize| {
        json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": format!("map-{at:03}"), "namespace": namespace}, "data": {"a": "1"}})
    };
    (0..120).map(map).chain([deployment(namespace, "web", "nginx:1")]).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_apply_that_was_cut_off_is_finished_by_the_next_and_a_wait_goes_on() {
    if ControlPlane::shared().is_none() {
        return;
    }
    let mut plane = tokio::task::spawn_blocking(|| ControlPlane::start().unwrap()).await.unwrap();
    let namespace = tokio::task::block_in_place(|| plane.namespace("cut").unwrap());
    let owner = Owner { name: "apps".to_owned(), namespace: "flux-system".to_owned() };
    let (counter, address) = Counter::start(plane.client().unwrap()).await;
    let cluster = Cluster::new(kube::Config::new(format!("http://{address}").parse().unwrap())).unwrap();

    let cut = async {
        counter.until_writes(10).await;
        tokio::task::block_in_place(|| plane.stop_apiserver());
    };
    let (outcome, ()) = tokio::join!(cluster.apply(&owner, set(&namespace), &OPTIONS), cut);
    assert!(!outcome.failures.is_empty() && outcome.changes.len() < 121, "{outcome:?}");
    let said =
        |failure: &ApplyError| matches!(failure, ApplyError::Unreachable(_) | ApplyError::Refused { .. });
    assert!(outcome.failures.iter().all(said), "{:?}", outcome.failures);

    tokio::task::block_in_place(|| plane.start_apiserver().unwrap());
    let outcome = cluster.apply(&owner, set(&namespace), &OPTIONS).await;
    assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    assert_eq!(outcome.changes.len(), 121);

    let waits = outcome.changes.into_iter().filter(|change| change.health.state != State::Current);
    let waits: Vec<_> = waits.map(|change| change.entry).collect();
    assert_eq!(waits.len(), 1);
    drop(counter.take());
    let comes_back = async {
        // The watch is open: a list and a watch were asked for.
        let mut asked = 0;
        while asked < 2 {
            asked += counter.take().len();
            tokio::task::yield_now().await;
        }
        tokio::task::block_in_place(|| {
            plane.stop_apiserver();
            plane.start_apiserver().unwrap();
            let status = finished(1);
            let patch = [
                "patch",
                "deployment",
                "web",
                "--subresource=status",
                "--type=merge",
                "-n",
                &namespace,
                "-p",
            ];
            let done = plane.kubectl(&[&patch[..], &[&status]].concat(), "").unwrap();
            assert!(done.success, "{}", done.stderr);
        });
    };
    let (waited, ()) = tokio::join!(cluster.wait(&waits, OPTIONS.patience * 3, true), comes_back);
    waited.unwrap();
}
