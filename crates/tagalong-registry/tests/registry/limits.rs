//! Manners: places at a host, its budget, and scans that are shared.

use super::*;
use futures::{future, poll};
use tagalong_testkit::fake_registry::Auth;

fn start(repositories: usize) -> FakeRegistry {
    let registry = FakeRegistry::start().unwrap();
    for i in 0..repositories {
        registry.push_tag(&format!("acme/app{i}"), "1.0");
    }
    registry
}

/// Starts one scan each of `acme/app0`, `acme/app1`, …
fn scan_each(client: &Registry, registry: &FakeRegistry, count: usize) -> Vec<tokio::task::JoinHandle<bool>> {
    let scan = |i| {
        let (client, image) = (client.clone(), image(registry, &format!("acme/app{i}")));
        tokio::spawn(async move { client.list_tags(&image, &Access::default(), soon()).await.is_ok() })
    };
    (0..count).map(scan).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_than_so_many_scans_at_once_per_host() {
    let (registry, elsewhere) = (start(9), start(1));
    let client = client_with(|options| options.max_scans_per_host = 3);
    list_fails(&client, &registry).await;
    registry.take_requests();
    registry.hold();
    let scans = scan_each(&client, &registry, 9);
    registry.requests_reach(4).await;
    // Another host has places of its own.
    for scan in scan_each(&client, &elsewhere, 1) {
        assert!(scan.await.unwrap());
    }
    assert_eq!(registry.requests().len(), 3);
    registry.release();
    for scan in scans {
        assert!(scan.await.unwrap());
    }
    assert_eq!(registry.requests().len(), 9);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_wants_the_same_at_the_same_time_shares_one_scan() {
    let registry = FakeRegistry::start().unwrap();
    registry.push_tags("acme/app", ["1.0", "1.1"]);
    let client = client();
    registry.hold();
    let image = image(&registry, "acme/app");
    let (anonymous, named) = (Access::default(), basic("me", "x"));
    let first = client.list_tags(&image, &anonymous, soon());
    let rest = (0..5).map(|_| client.list_tags(&image, &anonymous, soon()));
    // Other credentials are another scan. It is begun last, so that its request shows that the rest had their turn.
    let last = client.list_tags(&image, &named, soon());
    let scans = future::join_all(std::iter::once(first).chain(rest).chain([last]));
    let (found, ()) = future::join(scans, async {
        registry.requests_reach(2).await;
        registry.release();
    })
    .await;
    for list in found {
        assert_eq!(list.unwrap().tags, ["1.0", "1.1"]);
    }
    assert_eq!(registry.requests().len(), 2);
    // What is over is over: who comes now gets a new listing.
    registry.push_tag("acme/app", "1.2");
    assert_eq!(list(&client, &registry).await.unwrap().tags, ["1.0", "1.1", "1.2"]);
    assert_eq!(registry.requests().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shared_scan_goes_on_when_the_first_who_wanted_it_leaves() {
    let registry = FakeRegistry::start().unwrap();
    registry.push_tag("acme/app", "1.0");
    let (client, image, access) = (client(), image(&registry, "acme/app"), Access::default());
    registry.hold();
    let mut first = Box::pin(client.list_tags(&image, &access, soon()));
    let mut second = Box::pin(client.list_tags(&image, &access, soon()));
    assert!(poll!(first.as_mut()).is_pending() && poll!(second.as_mut()).is_pending());
    drop(first);
    registry.release();
    assert_eq!(second.await.unwrap().tags, ["1.0"]);
    assert_eq!(registry.requests().len(), 1);
}

#[tokio::test]
async fn the_budget_of_a_host_is_kept_and_says_when_there_is_more() {
    let registry = start(4);
    let client = client_with(|options| {
        options.burst = 3;
        options.requests_per_second = 0.01;
    });
    for (i, fine) in [true, true, true, false].into_iter().enumerate() {
        let image = image(&registry, &format!("acme/app{i}"));
        let result = client.list_tags(&image, &Access::default(), soon()).await;
        assert_eq!(result.is_ok(), fine);
        if let Err(error) = result {
            let wait = error.retry_after().unwrap();
            assert!(wait > Duration::from_secs(50) && wait <= Duration::from_secs(100), "{wait:?}");
            assert!(error.is_temporary());
        }
    }
    assert_eq!(registry.requests().len(), 3);
}

#[tokio::test]
async fn what_fails_gives_its_place_back() {
    let registry = FakeRegistry::builder().auth(Auth::Basic("me".into(), "hunter2".into())).start().unwrap();
    let client = client_with(|options| options.max_scans_per_host = 1);
    for _ in 0..3 {
        assert_eq!(list_fails(&client, &registry).await.0, ErrorKind::Unauthorized);
    }
    registry.fail_always(Fault::Silence);
    for _ in 0..3 {
        let deadline = Instant::now() + Duration::from_millis(20);
        let result = client.list_tags(&image(&registry, "acme/app"), &Access::default(), deadline).await;
        assert_eq!(fails(result).0, ErrorKind::Timeout);
    }
    registry.heal();
    assert_eq!(list_fails(&client, &registry).await.0, ErrorKind::Unauthorized);
}
