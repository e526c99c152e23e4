//! What goes wrong on the way: statuses, pauses, redirects, silence.

use super::*;
use tagalong_testkit::fake_registry::{Auth, RetryAfter};

fn start() -> FakeRegistry {
    let registry = FakeRegistry::start().unwrap();
    registry.push_tag("acme/app", "1.0");
    registry
}

#[tokio::test]
async fn what_may_pass_is_tried_three_times_and_what_will_not_is_not() {
    for (status, kind, tries) in [
        (401, ErrorKind::Unauthorized, 1),
        (403, ErrorKind::Forbidden, 1),
        (404, ErrorKind::NotFound, 1),
        (408, ErrorKind::Server(408), 3),
        (500, ErrorKind::Server(500), 3),
        (502, ErrorKind::Server(502), 3),
        (503, ErrorKind::Server(503), 3),
        (418, ErrorKind::Refused(418), 1),
    ] {
        let registry = start();
        registry.fail_always(Fault::Status(status));
        assert_eq!(list_fails(&client(), &registry).await.0, kind);
        assert_eq!(registry.take_requests().len(), tries, "{status}");
    }
    let registry = start();
    registry.fail_next(Fault::Status(500));
    registry.fail_next(Fault::Cut);
    assert_eq!(list(&client(), &registry).await.unwrap().requests, 3);
}

#[tokio::test]
async fn a_429_that_passes_soon_is_waited_for_in_every_form() {
    for after in
        [RetryAfter::Never, RetryAfter::Seconds(0), RetryAfter::Date("Wed, 21 Oct 2015 07:28:00 GMT".into())]
    {
        let registry = start();
        registry.fail_next(Fault::RateLimited(after.clone()));
        assert_eq!(list(&client(), &registry).await.unwrap().requests, 2, "{after:?}");
    }
}

#[tokio::test]
async fn a_429_beyond_the_deadline_is_reported_at_once_and_holds_everyone_back() {
    let registry = start();
    registry.push_tag("acme/other", "1.0");
    registry.fail_next(Fault::RateLimited(RetryAfter::Seconds(600)));
    let client = client();
    let (kind, message) = list_fails(&client, &registry).await;
    assert_eq!(kind, ErrorKind::RateLimited { retry_after: Some(Duration::from_secs(600)) });
    assert!(
        message.ends_with(
            "the registry asks for fewer requests (429 TOOMANYREQUESTS); not before 600 s from now"
        ),
        "{message}"
    );
    assert_eq!(registry.take_requests().len(), 1);
    // Another image, other credentials: the host has asked for a pause.
    let other = image(&registry, "acme/other");
    let (kind, _) = fails(client.list_tags(&other, &basic("me", "x"), soon()).await);
    let ErrorKind::RateLimited { retry_after: Some(wait) } = kind else { panic!("{kind:?}") };
    assert!(wait > Duration::from_secs(500) && wait <= Duration::from_secs(600));
    assert_eq!(registry.take_requests().len(), 0);
}

#[tokio::test]
async fn a_date_far_away_is_read_too() {
    let registry = start();
    registry.fail_next(Fault::RateLimited(RetryAfter::Date("Tue, 31 Dec 2999 23:59:59 GMT".into())));
    let (kind, _) = list_fails(&client(), &registry).await;
    assert_eq!(kind, ErrorKind::RateLimited { retry_after: Some(Duration::from_secs(3600)) });
}

#[tokio::test]
async fn redirects_stay_on_the_host_with_credentials_and_leave_it_without() {
    let auth = Auth::Basic("me".into(), "hunter2".into());
    let registry = FakeRegistry::builder().auth(auth).start().unwrap();
    registry.push_tag("acme/app", "1.0");
    let elsewhere = start();
    let (client, access) = (client(), basic("me", "hunter2"));
    let image = image(&registry, "acme/app");
    client.list_tags(&image, &access, soon()).await.unwrap();
    registry.take_requests();

    registry.fail_next(Fault::Redirect("/v2/acme/app/tags/list?n=7".into()));
    client.list_tags(&image, &access, soon()).await.unwrap();
    let requests = registry.take_requests();
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|r| r.authorization == AuthorizationKind::Basic));

    registry.fail_next(Fault::Redirect(format!("{}/v2/acme/app/tags/list", elsewhere.url())));
    client.list_tags(&image, &access, soon()).await.unwrap();
    assert_eq!(shown(&elsewhere.take_requests()), "GET /v2/acme/app/tags/list");

    // A challenge over there is not answered.
    elsewhere.fail_next(Fault::Challenge("Basic realm=\"x\"".into()));
    registry.fail_next(Fault::Redirect(format!("{}/v2/acme/app/tags/list", elsewhere.url())));
    assert_eq!(fails(client.list_tags(&image, &access, soon()).await).0, ErrorKind::Unauthorized);
    assert_eq!(shown(&elsewhere.take_requests()), "GET /v2/acme/app/tags/list");
}

#[tokio::test]
async fn redirects_that_lead_astray_are_refused() {
    for (location, problem) in [
        ("http://169.254.169.254/latest/meta-data", "it redirects to a link-local address"),
        ("http://[::ffff:169.254.169.254]/", "it redirects to a link-local address"),
        ("file:///etc/passwd", "it redirects to something that is no web address"),
    ] {
        let registry = start();
        registry.fail_next(Fault::Redirect(location.into()));
        let (kind, message) = list_fails(&client(), &registry).await;
        assert_eq!(kind, ErrorKind::Untrusted);
        assert!(message.ends_with(problem), "{message}");
        assert_eq!(registry.take_requests().len(), 1);
    }
    let registry = start();
    registry.fail_always(Fault::Redirect("/v2/acme/app/tags/list".into()));
    assert_eq!(list_fails(&client(), &registry).await.0, ErrorKind::BadResponse);
    assert_eq!(registry.take_requests().len(), 6);
}

#[tokio::test]
async fn silence_and_slow_bytes_end_with_the_deadline() {
    for fault in [Fault::Silence, Fault::Stall] {
        let registry = start();
        registry.fail_always(fault.clone());
        let deadline = Instant::now() + Duration::from_millis(50);
        let result = client().list_tags(&image(&registry, "acme/app"), &Access::default(), deadline).await;
        let (kind, message) = fails(result);
        assert_eq!(kind, ErrorKind::Timeout, "{fault:?}");
        assert!(message.ends_with("no whole answer before the timeout"), "{message}");
    }
}

#[tokio::test]
async fn a_server_that_falls_silent_is_tried_again() {
    let registry = start();
    registry.fail_next(Fault::Stall);
    let client = client_with(|options| options.read_timeout = Duration::from_millis(800));
    assert_eq!(list(&client, &registry).await.unwrap().requests, 2);
}
