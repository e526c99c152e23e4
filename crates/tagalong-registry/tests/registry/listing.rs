//! Listings: every way of paging ends, and ends whole or as an error.

use super::*;
use std::io::Write as _;
use tagalong_testkit::fake_registry::Listing;

fn many(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("1.0.{i:06}")).collect()
}

/// Lists `count` tags in the given manner and says how many requests that took.
async fn check(listing: Listing, count: usize, page_size: u32, requests: &str) {
    let registry = FakeRegistry::start().unwrap();
    registry.push_tags("acme/app", many(count));
    registry.listing(listing.clone());
    let client = client_with(|options| options.page_size = page_size);
    let found = list(&client, &registry).await.unwrap();
    assert_eq!(found.tags, many(count), "{listing:?}");
    let queries: Vec<String> = registry.requests().into_iter().map(|r| r.query).collect();
    assert_eq!(queries.join(" "), requests, "{listing:?}");
    assert_eq!((found.requests as usize, found.pages as usize), (queries.len(), queries.len()));
}

#[tokio::test]
async fn pages_are_followed_by_link_relative_or_absolute() {
    let by_link = "n=3 last=1.0.000002&n=3 last=1.0.000005&n=3";
    check(Listing::Paged, 7, 3, by_link).await;
    check(Listing::AbsoluteLink, 7, 3, by_link).await;
    check(Listing::Paged, 7, 1000, "n=1000").await;
}

#[tokio::test]
async fn without_a_link_a_full_page_is_asked_about_once_more() {
    check(Listing::ByLast, 7, 3, "n=3 n=3&last=1.0.000002 n=3&last=1.0.000005").await;
    check(Listing::ByLast, 6, 3, "n=3 n=3&last=1.0.000002 n=3&last=1.0.000005").await;
    check(Listing::ByLast, 2, 3, "n=3").await;
}

#[tokio::test]
async fn a_registry_that_ignores_paging_ends_all_the_same() {
    check(Listing::Whole, 7, 3, "n=3").await;
    check(Listing::Whole, 3, 3, "n=3 n=3&last=1.0.000002").await;
    check(Listing::Whole, 2, 3, "n=3").await;
}

#[tokio::test]
async fn a_page_size_that_is_refused_is_made_smaller_and_remembered_for_the_host() {
    let registry = FakeRegistry::start().unwrap();
    registry.push_tags("acme/app", many(150));
    registry.push_tag("acme/other", "1");
    registry.max_page_size(100);
    let client = client();
    assert_eq!(list(&client, &registry).await.unwrap().tags.len(), 150);
    let other = image(&registry, "acme/other");
    client.list_tags(&other, &Access::default(), soon()).await.unwrap();
    assert_eq!(
        shown(&registry.requests()),
        "GET /v2/acme/app/tags/list?n=1000\n\
         GET /v2/acme/app/tags/list?n=100\n\
         GET /v2/acme/app/tags/list?last=1.0.000099&n=100\n\
         GET /v2/acme/other/tags/list?n=100"
    );
}

#[tokio::test]
async fn a_refusal_that_is_not_about_the_page_size_stays_one() {
    let registry = FakeRegistry::start().unwrap();
    registry.fail_always(Fault::Status(400));
    let client = client();
    assert_eq!(list_fails(&client, &registry).await.0, ErrorKind::Refused(400));
    registry.heal();
    registry.push_tag("acme/app", "1");
    registry.take_requests();
    list(&client, &registry).await.unwrap();
    assert_eq!(registry.requests()[0].query, "n=1000", "nothing was learnt from it");
}

#[tokio::test]
async fn broken_listings_are_errors_and_end_soon() {
    for (listing, problem, requests) in [
        (Listing::EndlessSame, "a page brings nothing new and yet names another", 2),
        (Listing::EndlessEmpty, "page after page is empty", 11),
        (Listing::Circle, "its pages go in a circle", 2),
        (Listing::LinkTo("https://evil.example.com/v2/".into()), "a page's Link leads to another host", 1),
        (Listing::LinkTo("//evil.example.com/v2/".into()), "a page's Link leads to another host", 1),
        (Listing::LinkTo("http://127.0.0.1:1/v2/".into()), "a page's Link leads to another host", 1),
        (Listing::LinkTo("ftp://127.0.0.1/".into()), "a page's Link is no web address", 1),
    ] {
        let registry = FakeRegistry::start().unwrap();
        registry.listing(listing.clone());
        let (kind, message) = list_fails(&client(), &registry).await;
        assert_eq!(kind, ErrorKind::Incomplete, "{listing:?}");
        assert_eq!(message, format!("{}: {problem}", registry.image("acme/app")));
        assert_eq!(registry.requests().len(), requests, "{listing:?}");
    }
}

#[tokio::test]
async fn a_link_that_forgets_the_port_or_names_the_inner_scheme_is_ours() {
    for link in
        ["http://127.0.0.1/v2/acme/app/tags/list?last=x", "https://127.0.0.1/v2/acme/app/tags/list?last=x"]
    {
        let registry = FakeRegistry::start().unwrap();
        registry.listing(Listing::LinkTo(link.into()));
        // The page that it leads to is the same again; that it was asked for is what counts.
        list_fails(&client(), &registry).await;
        assert_eq!(registry.requests().len(), 2);
    }
}

#[tokio::test]
async fn caps_hold_on_pages_and_bytes() {
    let registry = FakeRegistry::start().unwrap();
    registry.listing(Listing::Endless);
    let (kind, message) = list_fails(&client_with(|o| o.max_pages = 5), &registry).await;
    assert_eq!(kind, ErrorKind::TooLarge);
    assert!(message.ends_with("more than 5 pages"), "{message}");
    assert_eq!(registry.take_requests().len(), 6);

    let (kind, _) = list_fails(&client_with(|o| o.max_total_bytes = 1000), &registry).await;
    assert_eq!(kind, ErrorKind::TooLarge);
    assert!(registry.take_requests().len() < 12);

    registry.push_tags("acme/app", many(10_000));
    registry.listing(Listing::Whole);
    let (kind, message) = list_fails(&client_with(|o| o.max_bytes_per_page = 100 << 10), &registry).await;
    assert_eq!(kind, ErrorKind::TooLarge);
    assert!(message.ends_with("the answer is larger than 100 KiB"), "{message}");
}

#[tokio::test]
async fn a_page_of_five_megabytes_and_a_million_tags_are_no_trouble() {
    let registry = FakeRegistry::start().unwrap();
    registry.push_tags("acme/app", (0..40_000).map(|i| format!("{}-{i:06}", "x".repeat(115))));
    registry.listing(Listing::Whole);
    assert_eq!(list(&client(), &registry).await.unwrap().tags.len(), 40_000);

    registry.listing(Listing::Generated(1_000_000));
    let client = client_with(|options| options.page_size = 100_000);
    let found = list(&client, &registry).await.unwrap();
    assert_eq!((found.tags.len(), found.pages), (1_000_000, 10));
}

#[tokio::test]
async fn entries_that_are_no_tags_are_dropped_and_counted() {
    let registry = FakeRegistry::start().unwrap();
    let body =
        r#"{"name":"acme/app","tags":["1.0","1.0","é","a b","../x","",".a",7,null,["9"],"2.0","a\nb"]}"#;
    registry.listing(Listing::Raw(body.into()));
    let found = list(&client(), &registry).await.unwrap();
    assert_eq!(found.tags, ["1.0", "2.0"]);
    assert_eq!(found.dropped, 9);
}

#[tokio::test]
async fn an_empty_list_is_an_answer_and_a_strange_one_is_not() {
    for body in [r#"{"name":"acme/app","tags":[]}"#, r#"{"name":"acme/app","tags":null}"#] {
        let registry = FakeRegistry::start().unwrap();
        registry.listing(Listing::Raw(body.into()));
        assert_eq!(list(&client(), &registry).await.unwrap().tags, [] as [&str; 0]);
    }
    for body in ["", "{}", "<html>", r#"{"tags":["1"]"#] {
        let registry = FakeRegistry::start().unwrap();
        registry.listing(Listing::Raw(body.into()));
        assert_eq!(list_fails(&client(), &registry).await.0, ErrorKind::BadResponse, "{body}");
    }
}

#[tokio::test]
async fn a_cut_in_the_middle_is_tried_again_and_never_a_shorter_list() {
    let registry = FakeRegistry::start().unwrap();
    registry.push_tags("acme/app", many(6));
    let client = client_with(|options| options.page_size = 3);
    registry.fail_after(1, Fault::Cut);
    assert_eq!(list(&client, &registry).await.unwrap().tags, many(6));
    assert_eq!(registry.take_requests().len(), 3);

    registry.fail_after(1, Fault::Cut);
    registry.fail_next(Fault::Cut);
    registry.fail_next(Fault::Cut);
    let (kind, message) = list_fails(&client, &registry).await;
    assert_eq!(kind, ErrorKind::Connect);
    assert!(message.ends_with("the connection was cut"), "{message}");
    assert_eq!(registry.take_requests().len(), 4);
}

#[tokio::test]
async fn a_packed_page_is_measured_unpacked() {
    let pack = |body: &[u8]| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(body).unwrap();
        packer.finish().unwrap()
    };
    let registry = FakeRegistry::start().unwrap();
    registry.fail_next(Fault::Packed(pack(br#"{"tags":["1.0"]}"#)));
    assert_eq!(list(&client(), &registry).await.unwrap().tags, ["1.0"]);

    let bomb = pack(&vec![b' '; 20 << 20]);
    assert!(bomb.len() < 64 << 10);
    registry.fail_next(Fault::Packed(bomb));
    assert_eq!(list_fails(&client(), &registry).await.0, ErrorKind::TooLarge);

    registry.fail_next(Fault::Packed(b"hunter2".to_vec()));
    assert_eq!(list_fails(&client(), &registry).await.0, ErrorKind::BadResponse);
}

#[tokio::test]
async fn any_number_of_tags_in_pages_of_any_size_is_listed_whole() {
    let manners = [Listing::Paged, Listing::AbsoluteLink, Listing::ByLast, Listing::Whole];
    let registry = FakeRegistry::start().unwrap();
    registry.push_tag("acme/app", "0");
    registry.delete_tag("acme/app", "0");
    for count in 0..8 {
        for page_size in 1..5 {
            let client = client_with(|options| options.page_size = page_size);
            for manner in &manners {
                registry.listing(manner.clone());
                let found = list(&client, &registry).await.unwrap();
                assert_eq!(found.tags, many(count), "{manner:?} {page_size}");
            }
        }
        registry.push_tag("acme/app", &format!("1.0.{count:06}"));
    }
}
